export { createSocialService, type SocialService } from './service.ts'
export { type Block, createSocialStore } from './store.ts'
