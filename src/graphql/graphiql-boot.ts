/**
 * What the page does in the browser: starts GraphiQL with the tabs it was given, those that the reader added, and a way to
 * the server of our own, since the stock one takes no notice of a tab's headers when it opens a WebSocket.
 */
export const bootScript = String.raw`
(() => {
  const { tabs, ...options } = JSON.parse(document.getElementById('options').textContent)

  // The examples come fresh with every load; what else was open is kept. Tokens are never stored.
  const kept = 'graphiql:tabState'
  let own = []
  try {
    const stored = JSON.parse(localStorage.getItem(kept) || '{"tabs":[]}').tabs
    own = stored.filter(({ query }) => query && !tabs.some((tab) => tab.query === query))
  } catch {}
  for (const name of [kept, 'graphiql:query', 'graphiql:variables', 'graphiql:headers']) localStorage.removeItem(name)

  // Double braces in headers and variables: see graphiqlTabs.
  const answers = {}
  const fill = (text) => text.replace(/\{\{([\w.]+)\}\}/g, (_, path) => {
    if (path === 'now') return new Date().toISOString()
    if (path === 'newId') return 'graphiql-' + Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join('')
    const found = path.split('.').reduce((value, step) => value == null ? undefined : value[step], answers)
    if (found == null) throw new Error('Run the tab ' + path.split('.')[0] + ' first: this one needs its answer.')
    return String(found)
  })
  const filled = (value) => JSON.parse(JSON.stringify(value || {}), (_, part) => typeof part === 'string' ? fill(part) : part)

  const learn = (name, result) => {
    if (name && result && result.data) answers[name] = result.data
    return result
  }

  async function overHttp(params, headers) {
    const response = await fetch(location.pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json;q=0.9', ...headers },
      body: JSON.stringify(params),
    })
    return learn(params.operationName, await response.json())
  }

  const overWebSocket = (params, headers) => ({
    subscribe({ next, error, complete }) {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + location.pathname, 'graphql-transport-ws')
      const say = (message) => socket.send(JSON.stringify(message))
      let over = false
      const end = (how, value) => {
        if (!over) how(value)
        over = true
        socket.close(1000)
      }
      socket.onopen = () => say({ type: 'connection_init', payload: headers })
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data)
        if (message.type === 'connection_ack') say({ id: '1', type: 'subscribe', payload: params })
        if (message.type === 'next' && !over) next(learn(params.operationName, message.payload))
        if (message.type === 'error') {
          if (!over) next({ errors: message.payload })
          end(complete)
        }
        if (message.type === 'complete') end(complete)
        if (message.type === 'ping') say({ type: 'pong' })
      }
      socket.onclose = ({ code, reason }) => end(error, new Error('The connection was closed: ' + code + ' ' + reason))
      return { unsubscribe: () => end(() => {}) }
    },
  })

  // Right after a change of tabs the editor may still name the operation of the one before.
  function operationIn(query, wanted) {
    const all = [...query.matchAll(/^\s*(query|mutation|subscription)\b\s*(\w*)/gm)].map(([, kind, name]) => ({ kind, name }))
    return all.find(({ name }) => name && name === wanted) || all[0] || { kind: 'query', name: '' }
  }

  function fetcher({ query, operationName, variables }, { headers } = {}) {
    if (operationName === 'IntrospectionQuery') return overHttp({ query, operationName }, {})
    const { kind, name } = operationIn(query, operationName)
    const params = { query, ...(name ? { operationName: name } : {}), variables: filled(variables) }
    return kind === 'subscription' ? overWebSocket(params, filled(headers)) : overHttp(params, filled(headers))
  }

  YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
    ...options,
    defaultTabs: [...tabs, ...own.map(({ query, variables }) => ({ query, variables, headers: tabs[0].headers }))],
    headers: tabs[0].headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    // The address stays as it is.
    onEditQuery: () => {},
    fetcher,
  })
})()
`
