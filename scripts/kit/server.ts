/** Where one node of the deployment is reached. */
export interface Server {
  url: string
  wsUrl: string
}

/** `http://host:port/graphql`, and the same for WebSocket. */
export const serverAt = (url: string): Server => ({ url, wsUrl: url.replace(/^http/, 'ws') })
