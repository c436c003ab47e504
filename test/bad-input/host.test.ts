import { connect } from 'node:net'
import { createTestApp, type TestApp } from '../kit/app.ts'

const ways: [string, Record<string, string>][] = [
  ['the lane', {}],
  ['yoga', { HTTP_LANE: 'off' }],
]

describe.each(ways)('through %s', (_way, settings) => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(settings)
  })

  const body = '{"query":"{ __typename }"}'
  const answerTo = (host: string) =>
    new Promise<string>((resolve, reject) => {
      const head = `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json`
      const socket = connect(app.port, '127.0.0.1', () =>
        socket.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      )
      let answer = ''
      socket.on('data', (chunk) => {
        answer += String(chunk)
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(answer))
    })

  test.each(['a b', 'x:99999', '999.1.1.1', 'x/y', 'x?y', 'a@b', '[::g]', 'x:', '<x>'])(
    'a Host of %s is refused, and nothing is told of our insides',
    async (host) => {
      const answer = await answerTo(host)
      expect(answer).toMatch(/^HTTP\/1\.1 400/)
      expect(answer).toContain('"BAD_REQUEST"')
      expect(answer).not.toMatch(/node_modules|TypeError/)
    },
  )

  test.each(['localhost', '127.0.0.1:4000', '[::1]:4000', 'api.example.com', 'my_service:80'])(
    'a Host of %s is answered',
    async (host) => {
      expect(await answerTo(host)).toMatch(/^HTTP\/1\.1 200/)
    },
  )
})
