import { seed } from '../../prisma/seed.ts'
import type { GraphiqlTokens } from '../../src/graphql/graphiql-tabs.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { type Browser, findChromium, mustBeTried, openBrowser } from '../kit/chromium.ts'
import { type GraphiqlPage, onGraphiql } from '../kit/graphiql.ts'

const executable = findChromium()

if (executable) {
  describe('in a browser', () => inBrowser(executable))
} else {
  test('no Chromium found, so GraphiQL was not tried: set CHROMIUM_PATH', () => {
    expect(mustBeTried()).toBe(false)
  })
}

function inBrowser(path: string) {
  let app: TestApp
  let browser: Browser
  let graphiql: GraphiqlPage
  let tokenOf: (who: string) => string
  const tokens: GraphiqlTokens = {}
  const requested: string[] = []
  const complaints: string[] = []

  const load = async () => {
    await browser.page.goto(app.url)
    await graphiql.ready()
  }

  beforeAll(async () => {
    app = await createTestApp({}, { graphiql: tokens })
    const demo = await seed(app)
    tokenOf = (who) => demo.find((account) => account.who.includes(who))?.token ?? ''
    tokens.device = tokenOf('phone')
    tokens.moderator = tokenOf('MODERATOR')
    tokens.admin = tokenOf('ADMIN')
    browser = await openBrowser(path)
    const { page } = browser
    page.on('request', (request) => requested.push(request.url()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    graphiql = onGraphiql(page)
    await load()
  })
  afterAll(async () => {
    await browser?.close()
  })

  test('the tabs tell the stories of two phones that meet, of two people who write, and of a report; tokens are filled in', async () => {
    expect(await graphiql.tabNames()).toEqual([
      'Catalog',
      'FirstOpens',
      'FirstListens',
      'RegisterSecond',
      'SecondOpens',
      'SecondHears',
      'FirstComesBack',
      'Matches',
      'FirstStands',
      'FirstStarts',
      'SecondStands',
      'SecondLooks',
      'SecondJoins',
      'SecondSays',
      'FirstFollows',
      'AnnRegisters',
      'BenRegisters',
      'AnnOpens',
      'AnnWrites',
      'BenLoads',
      'BenFollows',
      'BenAnswers',
      'AnnCatchesUp',
      'BenReports',
      'ModeratorLooks',
      'ModeratorFollows',
      'ModeratorClaims',
      'ModeratorDecides',
      'AnnIsTold',
      'AnnAppeals',
      'AdminAnswers',
      'AdminAudits',
      'Statistics',
    ])
    expect(await graphiql.headers()).toContain(`Bearer ${tokens.device}`)
  })

  test('every tab works as it stands', async () => {
    const run = async (name: string, says: string) => {
      await graphiql.open(name)
      await graphiql.run()
      await graphiql.says(says)
    }
    await run('Catalog', '"interestCatalog"')
    await run('FirstOpens', '"OpenSessionPayload"')
    await run('FirstListens', '"Ready"')
    await run('RegisterSecond', '"RegisterDevicePayload"')
    await run('SecondOpens', '"OpenSessionPayload"')
    await run('SecondHears', '"nudgeSent": true')
    await run('FirstComesBack', '"Nudge"')
    await run('Matches', '"matchedAt"')
    expect(await graphiql.answer()).toContain('"jazz"')
    await run('FirstStands', '"HeartbeatPayload"')
    await run('FirstStarts', '"CreateActivityPayload"')
    await run('SecondStands', '"HeartbeatPayload"')
    await run('SecondLooks', '"Chess in the park"')
    expect(await graphiql.answer()).toContain('"band": "')
    await run('SecondJoins', '"viewerHasJoined": true')
    await run('SecondSays', '"On my way!"')
    await run('FirstFollows', '"Ready"')
    await run('AnnRegisters', '"RegisterPayload"')
    await run('BenRegisters', '"RegisterPayload"')
    await run('AnnOpens', '"OpenDirectConversationPayload"')
    await run('AnnWrites', '"SendMessagePayload"')
    await run('BenLoads', '"Are you at the lake tonight?"')
    await run('BenFollows', '"Ready"')
    await run('BenAnswers', '"From eight."')
    await run('AnnCatchesUp', '"From eight."')
    await run('BenReports', '"CreateReportPayload"')
    await run('ModeratorLooks', '"HARASSMENT"')
    await run('ModeratorFollows', '"Ready"')
    await run('ModeratorClaims', '"Are you at the lake tonight?"')
    await run('ModeratorDecides', '"ACTIONED"')
    await run('AnnIsTold', '"Only to try it out"')
    await run('AnnAppeals', '"CreateAppealPayload"')
    await run('AdminAnswers', '"ACCEPTED"')
    await run('AdminAudits', '"READ_EVIDENCE"')
    await run('Statistics', '"activeSessions"')
  })

  test('a tab that needs what another was answered says which one to run', async () => {
    await load()
    await graphiql.open('SecondHears')
    await graphiql.run()
    await graphiql.says('Run the tab')
    expect(await graphiql.answer()).toMatch(/Run the tab \w+ first/)
  })

  test('after a reload the examples are fresh, own tabs are kept, and no token was stored', async () => {
    await graphiql.write('query Mine { viewer { deviceId } }')
    await graphiql.stored('Mine')
    expect(await browser.page.evaluate(() => JSON.stringify(localStorage))).not.toContain(tokens.device)
    await load()
    expect(await graphiql.tabNames()).toContain('Mine')
    expect(await graphiql.headers()).toContain(`Bearer ${tokens.device}`)
    await graphiql.open('Mine')
    await graphiql.run()
    await graphiql.says('"deviceId": "')
  })

  test('without any token the first phone registers too', async () => {
    for (const name of ['device', 'moderator', 'admin'] as const) delete tokens[name]
    await load()
    for (const [name, says] of [
      ['RegisterFirst', '"RegisterDevicePayload"'],
      ['FirstOpens', '"OpenSessionPayload"'],
    ] as const) {
      await graphiql.open(name)
      await graphiql.run()
      await graphiql.says(says)
    }
  })

  test('nothing was asked of any other place, and the browser had nothing to complain of', () => {
    const { origin } = new URL(app.url)
    const outside = requested.filter((url) => !/^(blob|data):/.test(url) && new URL(url).origin !== origin)
    expect(requested).not.toEqual([])
    expect(outside).toEqual([])
    expect(complaints).toEqual([])
  })
}
