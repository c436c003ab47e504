import fc from 'fast-check'
import { createTextScanner, stripLinks } from '../../src/modules/scanning/index.ts'
import { runs } from '../kit/fuzz.ts'

const denied = new Set(['example.com', 'sub.good.org', 'xn--mnchen-3ya.de', '169.254.169.254'])
function hostVerdict(host: string) {
  for (let name = host; ; name = name.slice(name.indexOf('.') + 1)) {
    if (denied.has(name)) return 'denied' as const
    if (name === 'fine.example.com' || name === 'friend.net') return 'allowed' as const
    if (!name.includes('.')) return undefined
  }
}
const scanner = createTextScanner(hostVerdict)
const links = (text: string) => scanner.scan([text]).links
const isUnsafe = (text: string) => scanner.scan([text]).labels.unsafe_links === 'high'

describe('links in texts', () => {
  it.each([
    'https://example.com/path?x=1#y',
    'see HTTP://EXAMPLE.COM.',
    'example.com',
    '(www.example.com),',
    'sub.example.com/a',
    'https://example.com./x',
    'https://google.com@example.com/login',
    'https://google.com:pass@example.com',
    'ｅｘａｍｐｌｅ．ｃｏｍ',
    'example。com',
    'exa\u200bmple\u00ad.com',
    'example[.]com and example(dot)com',
    'http:\\\\example.com\\x',
    'http:////example.com',
    'münchen.de',
    'http://xn--mnchen-3ya.de',
    'http://sub.good.org',
    'http://2852039166/latest',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://0251.0376.0251.0376/',
    'http://169.254.43518',
    'x https://fine.net,https://example.com',
  ])('knows a denied domain in %s', (text) => {
    expect(isUnsafe(text)).toBe(true)
  })

  it.each([
    'https://evilexample.com',
    'example.com.evil.org',
    'https://example.community',
    'good.org',
    'not-example.com/example.com',
    'https://fine.example.com/x',
    'mail me at someone@example.com',
    'example dot com',
  ])('takes nothing else for it: %s', (text) => {
    expect(isUnsafe(text)).toBe(false)
  })

  it.each([
    'node.js, index.html and v1.2.3',
    'I came.So did she. It is so.ok',
    'e.g. this, i.e. that, U.S.A., 3.14, 10:30, a.b.c',
    'you...me',
    '你好。世界很大',
    'someone@example.net',
  ])('finds no link in %s', (text) => {
    expect(links(text)).toEqual([])
  })

  it('tells the domain that somebody registered', () => {
    const domains = links('a.b.example.co.uk foo.github.io http://[::1]/ https://x.blogspot.com').map(
      ({ domain }) => domain,
    )
    expect(domains).toEqual(['example.co.uk', 'foo.github.io', '[::1]', 'x.blogspot.com'])
  })

  it('tells where a link is', () => {
    const text = 'go to https://a.example.net/x(y). now'
    const [link] = links(text)
    expect(text.slice(link?.start, link?.end)).toBe('https://a.example.net/x(y)')
  })

  it('takes more than three for many, without those that are allowed', () => {
    const of = (count: number, host: string) =>
      Array.from({ length: count }, (_, i) => `https://${host}/${i}`).join(' ')
    expect(scanner.scan([of(3, 'a.net')]).labels.excessive_links).toBeUndefined()
    expect(scanner.scan([of(2, 'a.net'), of(2, 'b.net')]).labels.excessive_links).toBe('medium')
    expect(scanner.scan([of(9, 'a.net')]).labels.excessive_links).toBe('high')
    expect(scanner.scan([of(9, 'friend.net')]).labels.excessive_links).toBeUndefined()
  })

  it('takes links out and leaves the rest', () => {
    expect(stripLinks('see https://a.net/x and b.org/y, bye')).toBe('see and , bye')
    expect(stripLinks('no link. here')).toBe('no link. here')
    expect(stripLinks('https://a.net')).toBe('')
  })

  it('leaves no link behind, whatever stands around them, in a time that grows with the length only', () => {
    const part = fc.constantFrom(
      'http://',
      'a.com',
      '.',
      '/',
      ' ',
      'x',
      '@',
      '(',
      ')',
      '[.]',
      '。',
      ':',
      '//',
      '\u200b',
      'é',
      'www.',
      '?',
      ',',
      '😀',
    )
    const property = fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join('')
      for (const { start, end, text: at } of links(text))
        expect(at === 0 && start >= 0 && start < end && end <= text.length).toBe(true)
      const before = process.cpuUsage()
      stripLinks(text.repeat(Math.ceil(10_000 / (text.length || 1))).slice(0, 10_000))
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000).toBeLessThan(1500)
    })
    fc.assert(property, runs(60))
  })
})
