export type { Appeal, AppealState, NotAppealableReason } from './appeals.ts'
export {
  AppealExistsError,
  AppealResolvedError,
  NotAppealableError,
  OwnDecisionError,
} from './errors.ts'
export { type AppealService, createAppealService } from './service.ts'
