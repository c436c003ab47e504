export type { Classifier } from './classifier.ts'
export type { ImageHashService } from './hash-service.ts'
export type { ImageHash } from './hash-store.ts'
export { createImageSafety } from './image-safety.ts'
export type { ImageScanner } from './image-scanner.ts'
export {
  type FoundLink,
  type ImageLabel,
  type ImageLevels,
  imageLabels,
  type Level,
  levels,
  mergedLevels,
  type TextFindings,
  type TextLabel,
  type TextLevels,
  type TextReason,
  type TextScanner,
  textLabels,
} from './labels.ts'
export type { LinkDomain } from './link-domain-store.ts'
export type { LinkDomainService } from './link-domains.ts'
export { stripLinks } from './links.ts'
export { QuarantineDecidedError } from './quarantine-errors.ts'
export type { QuarantineEffects, QuarantineService } from './quarantine-service.ts'
export type { QuarantineDecision, QuarantineItem, QuarantineKind, QuarantineState } from './quarantine-store.ts'
export { createTextSafety, createUrlSafety } from './text-safety.ts'
export { createTextScanner } from './text-scanner.ts'
export type { TextService } from './text-service.ts'
export type { UrlFinding, UrlScanner } from './url-scanner.ts'
