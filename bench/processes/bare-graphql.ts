// Yardstick: the least that a server with graphql-js can do. The same schema, a cached document, no token looked at.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DocumentNode, type ExecutionResult, execute, parse, validate } from 'graphql'
import type { Viewer } from '../../src/modules/identity/index.ts'
import { schema } from '../../src/schema.ts'
import { answer } from '../kit/answer.ts'

const documents = new Map<string, DocumentNode>()
const viewer: Viewer = {
  principal: 'device:00000000-0000-7000-8000-000000000000',
  deviceId: '00000000-0000-7000-8000-000000000000',
  accountId: null,
  roles: [],
  signInId: null,
  sessionId: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
}

function documentOf(query: string): DocumentNode {
  let document = documents.get(query)
  if (!document) {
    document = parse(query)
    const [error] = validate(schema, document)
    if (error) throw error
    documents.set(query, document)
  }
  return document
}

const server = createServer((req, res) => {
  let body = ''
  req.setEncoding('utf8')
  req.on('data', (chunk: string) => {
    body += chunk
  })
  req.on('end', () => {
    const { query, variables } = JSON.parse(body)
    const send = (result: ExecutionResult) => {
      const text = JSON.stringify(result)
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      res.end(text)
    }
    const result = execute({ schema, document: documentOf(query), contextValue: { viewer }, variableValues: variables })
    if (result instanceof Promise) void result.then(send)
    else send(result as ExecutionResult)
  })
})

const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
answer(listening, { port: () => (server.address() as AddressInfo).port })
