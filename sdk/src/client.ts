export type { ConnectionStatus, RequestOptions, Sink, VicinityClient } from './client-types.ts'
