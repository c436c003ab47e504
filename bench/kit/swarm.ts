/** What the process that holds the client ends of many sockets is told. */
export interface SwarmOrder {
  port: number
  query: string
  /** A socket for each. */
  tokens: string[]
}

export interface SwarmResult {
  /** Sockets whose subscription has answered. */
  subscribed: number
}
