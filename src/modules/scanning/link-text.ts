/** Text as links are looked for in it, and where each of its characters is in the given text. */
export interface LinkText {
  text: string
  at: number[]
}

const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u
const dots = new Set('．。｡․﹒'.split(''))
/** How people write a dot so that it is not taken for one. */
const written = ['[.]', '(.)', '{.}', '[dot]', '(dot)', '{dot}']
const openings = new Set(['[', '(', '{'])
const latin = /[\p{L}\p{N}]/u

/** Browsers read fullwidth letters and dots as the plain ones, and do not see what is ignorable: nor does this. */
export function readLinkText(given: string): LinkText {
  if (/^[\t\n\r -~]*$/.test(given) && !/[[({][.d]/i.test(given)) return { text: given, at: [] }
  let text = ''
  const at: number[] = []
  const put = (what: string, index: number) => {
    for (let i = 0; i < what.length; i++) at.push(index)
    text += what
  }
  for (let i = 0; i < given.length; i++) {
    const unit = given[i] as string
    const code = unit.charCodeAt(0)
    const dot = openings.has(unit)
      ? written.find((each) =>
          given
            .slice(i, i + 5)
            .toLowerCase()
            .startsWith(each),
        )
      : undefined
    if (dot) {
      put('.', i)
      i += dot.length - 1
    } else if (dots.has(unit)) put(latin.test(given[i + 1] ?? '') ? '.' : unit, i)
    else if (code >= 0xff01 && code <= 0xff5e) put(String.fromCharCode(code - 0xfee0), i)
    else if (code < 128 || !ignorable.test(unit)) put(unit, i)
  }
  return { text, at }
}
