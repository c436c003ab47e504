export type { Appeal, AppealState } from './appeals.ts'
export {
  AppealExistsError,
  AppealResolvedError,
  NotAppealableError,
  type NotAppealableReason,
  OwnDecisionError,
} from './errors.ts'
export { type AppealService, createAppealService } from './service.ts'
