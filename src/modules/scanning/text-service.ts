import { BadUserInputError } from '../../platform/errors.ts'
import { type Level, levels, type TextLabel, type TextReason, type TextScanner } from './labels.ts'

export interface TextService {
  /** What a text is, the surest label first. Refuses more than 10,000 characters. Nothing is kept. */
  labelled(text: string): { label: TextLabel; level: Level; reasons: TextReason[] }[]
}

const textLength = 10_000

/** The scanner for staff to try. */
export function createTextService(scanner: TextScanner): TextService {
  return {
    labelled(text) {
      if (text.length > textLength) throw new BadUserInputError('`text` has at most 10,000 characters.', 'text')
      const { labels, reasons } = scanner.scan([text])
      return (Object.entries(labels) as [TextLabel, Level][])
        .map(([label, level]) => ({ label, level, reasons: reasons.filter((each) => each.label === label) }))
        .sort((one, other) => levels.indexOf(other.level) - levels.indexOf(one.level))
    },
  }
}
