export { createSocialService, type SocialService } from './service.ts'
export type { Sight } from './sights.ts'
export { apartSql, type Block, createSocialStore } from './store.ts'
export { type Audience, maySee, type Visibility, type VisibilitySettings } from './visibility.ts'
