/** A part of a phrase: one of these, or nothing. */
export interface Segment {
  choices: string[]
  optional: boolean
  /** Any one or two words. */
  isGap: boolean
}

/** The parts of a phrase, one after the other: they end where words do. */
export function segmentsOf(pattern: string): Segment[] {
  const segments: Segment[] = []
  let open: string[] | undefined
  const close = () => {
    if (open) segments.push(segment(open))
    open = undefined
  }
  const add = (choices: string[]) => {
    open = (open ?? ['']).flatMap((before) => choices.map((choice) => before + choice))
  }
  for (const part of partsOf(pattern)) {
    if (part === ' ') close()
    else if (part === '_') {
      close()
      segments.push({ choices: [], optional: true, isGap: true })
    } else if (!part.startsWith('(')) add([part])
    else {
      const choices = expanded(part)
      const written = choices.filter((choice) => choice !== '')
      if (written.every((choice) => choice.startsWith(' '))) close()
      add(choices)
      if (written.every((choice) => choice.endsWith(' '))) close()
    }
  }
  close()
  return segments
}

/** A space, a gap, a stretch of letters, or a group with all that is in it. */
function* partsOf(pattern: string): Generator<string> {
  for (let i = 0; i < pattern.length; ) {
    let end = i + 1
    if (pattern[i] === '(') {
      for (let depth = 1; depth > 0; end++) depth += pattern[end] === '(' ? 1 : pattern[end] === ')' ? -1 : 0
      if (pattern[end] === '?') end += 1
    } else if (pattern[i] !== ' ' && pattern[i] !== '_')
      while (end < pattern.length && !' _('.includes(pattern[end] as string)) end += 1
    yield pattern.slice(i, end)
    i = end
  }
}

function segment(choices: string[]): Segment {
  const trimmed = [...new Set(choices.map((choice) => choice.trim()))]
  return { choices: trimmed.filter((choice) => choice !== ''), optional: trimmed.includes(''), isGap: false }
}

/** Every text that a pattern of choices stands for. */
function expanded(pattern: string): string[] {
  const open = pattern.lastIndexOf('(')
  if (open < 0) return [pattern]
  const close = pattern.indexOf(')', open)
  const choices = pattern.slice(open + 1, close).split('|')
  const optional = pattern[close + 1] === '?'
  const rest = pattern.slice(close + (optional ? 2 : 1))
  const each = optional ? [...choices, ''] : choices
  return each.flatMap((choice) => expanded(pattern.slice(0, open) + choice + rest))
}
