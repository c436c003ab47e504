export { createErasureService } from './service.ts'
export { createErasureStore } from './store.ts'
