import { BadUserInputError } from '../../platform/errors.ts'
import { type Level, levels, type TextLabel, type TextReason, type TextScanner } from './labels.ts'

export interface TextService {
  /** What a text is, the surest label first. Refuses more than 10,000 characters. Nothing is kept. */
  labelled(text: string): { label: TextLabel; level: Level; reasons: TextReason[] }[]
  /** Whether a name is surely a slur or profane. Refuses nothing. */
  isOffensive(name: string): boolean
}

const textLength = 10_000
/** What stands between the words of a name that has no spaces. */
const wordGaps = /[_.-]+/g

/** The scanner for staff to try. */
export function createTextService(scanner: TextScanner): TextService {
  return {
    isOffensive(name) {
      const { labels } = scanner.scan([name, name.replace(wordGaps, ' ')])
      return labels.slur === 'high' || labels.profanity === 'high'
    },

    labelled(text) {
      if (text.length > textLength) throw new BadUserInputError('`text` has at most 10,000 characters.', 'text')
      const { labels, reasons } = scanner.scan([text])
      return (Object.entries(labels) as [TextLabel, Level][])
        .map(([label, level]) => ({ label, level, reasons: reasons.filter((each) => each.label === label) }))
        .sort((one, other) => levels.indexOf(other.level) - levels.indexOf(one.level))
    },
  }
}
