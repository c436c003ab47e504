export { type Classifier, createLocalClassifier } from './classifier.ts'
export {
  type FoundLink,
  type ImageLabel,
  type ImageLevels,
  imageLabels,
  type Level,
  levels,
  surer,
  type TextFindings,
  type TextLabel,
  type TextLevels,
  type TextScanner,
  textLabels,
} from './labels.ts'
export { stripLinks } from './links.ts'
export { createTextScanner } from './text-scanner.ts'
