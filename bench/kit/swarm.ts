/** What the process that holds the client ends of many sockets is told. */
export interface SwarmOrder {
  port: number
  /** What each socket follows; of several, each socket takes the next one. */
  query: string | string[]
  /** A socket for each. */
  tokens: string[]
}

export interface SwarmResult {
  /** Sockets whose subscription has answered. */
  subscribed: number
}
