import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { AuthStatus } from './auth/auth-types.ts'
import type { ConnectionStatus, VicinityClient } from './client-types.ts'
import type { TypedText } from './documents.ts'
import { VicinityError } from './errors.ts'
import type { Observable } from './observable.ts'

const Context = /* @__PURE__ */ createContext<VicinityClient | null>(null)

/** Gives the client to every hook below it. */
export const VicinityProvider = ({ client, children }: { client: VicinityClient; children?: ReactNode }) =>
  createElement(Context.Provider, { value: client }, children)

export function useVicinity(): VicinityClient {
  const client = useContext(Context)
  if (!client) throw new Error('There is no VicinityProvider above this component.')
  return client
}

/** What an observable holds, shown anew whenever it changes. */
export const useObservable = <T>(observable: Observable<T>): T =>
  useSyncExternalStore(observable.subscribe, observable.get, observable.get)

export const useConnectionStatus = (): ConnectionStatus => useObservable(useVicinity().status)
export const useAuthStatus = (): AuthStatus => useObservable(useVicinity().auth.status)

export interface QueryState<Data> {
  /** The last answer, also while another one is awaited. */
  data: Data | undefined
  error: VicinityError | undefined
  loading: boolean
}

export interface QueryOptions {
  /** Ask nothing yet. */
  skip?: boolean
}

const asError = (reason: unknown) =>
  reason instanceof VicinityError ? reason : new VicinityError('PROTOCOL', String(reason), { cause: reason })

/** Asks, and asks again when the variables, or who is signed in, change. */
export function useQuery<Data, Variables>(
  document: TypedText<Data, Variables>,
  variables: Variables,
  { skip = false }: QueryOptions = {},
): QueryState<Data> & { refetch(): void } {
  const client = useVicinity()
  const who = useObservable(client.auth.identity)
  const [round, setRound] = useState(0)
  const [state, setState] = useState<QueryState<Data>>({ data: undefined, error: undefined, loading: !skip })
  const key = JSON.stringify(variables)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the variables, `who` and `round` ask anew.
  useEffect(() => {
    if (skip) return
    const leaving = new AbortController()
    setState((before) => ({ ...before, loading: true }))
    client.query(document, variables, { signal: leaving.signal }).then(
      (data) => {
        if (!leaving.signal.aborted) setState({ data, error: undefined, loading: false })
      },
      (reason) => {
        if (!leaving.signal.aborted) setState((before) => ({ ...before, error: asError(reason), loading: false }))
      },
    )
    return () => leaving.abort()
  }, [client, document, key, skip, who, round])
  const refetch = useCallback(() => setRound((before) => before + 1), [])
  return { ...state, refetch }
}

/** `run` rejects as `client.mutate` does; the state says the same. */
export function useMutation<Data, Variables>(
  document: TypedText<Data, Variables>,
): [run: (variables: Variables) => Promise<Data>, state: QueryState<Data>] {
  const client = useVicinity()
  const [state, setState] = useState<QueryState<Data>>({ data: undefined, error: undefined, loading: false })
  const latest = useRef(0)
  const run = useCallback(
    async (variables: Variables) => {
      latest.current += 1
      const own = latest.current
      const show = (next: QueryState<Data>) => {
        if (own === latest.current) setState(next)
      }
      show({ data: undefined, error: undefined, loading: true })
      try {
        const data = await client.mutate(document, variables)
        show({ data, error: undefined, loading: false })
        return data
      } catch (reason) {
        show({ data: undefined, error: asError(reason), loading: false })
        throw reason
      }
    },
    [client, document],
  )
  return [run, state]
}

export interface StreamState<Data> {
  /** The last event. React may leave some out when many come at once: `onEvent` hears each. */
  data: Data | undefined
  error: VicinityError | undefined
  /** The stream is over. */
  ended: boolean
}

/**
 * Follows a stream while the component is there. It goes on by itself after a cut, also when one signs in on a device; what was
 * refused to whoever was there before begins anew for somebody else.
 */
export function useSubscription<Data, Variables>(
  document: TypedText<Data, Variables>,
  variables: Variables,
  { skip = false, onEvent }: StreamOptions<Data> = {},
): StreamState<Data> {
  const client = useVicinity()
  const who = useObservable(client.auth.identity)
  const [state, setState] = useState<StreamState<Data>>({ data: undefined, error: undefined, ended: false })
  const [round, setRound] = useState(0)
  const listener = useRef(onEvent)
  const isBarred = useRef(false)
  useEffect(() => {
    listener.current = onEvent
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever somebody else is there.
  useEffect(() => {
    if (isBarred.current) setRound((before) => before + 1)
  }, [who])
  const key = JSON.stringify(variables)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the variables, `round` begins anew.
  useEffect(() => {
    if (skip) return
    isBarred.current = false
    const begunAs = client.auth.identity.get()
    setState({ data: undefined, error: undefined, ended: false })
    return client.subscribe(document, variables, {
      next(data) {
        listener.current?.(data)
        setState({ data, error: undefined, ended: false })
      },
      error(error) {
        isBarred.current = barring.has(error.code)
        // Who is there by now has not been asked for.
        if (isBarred.current && begunAs !== client.auth.identity.get()) return setRound((before) => before + 1)
        setState((before) => ({ ...before, error, ended: true }))
      },
      complete: () => setState((before) => ({ ...before, ended: true })),
    })
  }, [client, document, key, skip, round])
  return state
}

/** Somebody else may follow what these have ended. */
const barring = new Set<string>(['UNAUTHENTICATED', 'FORBIDDEN', 'SESSION_REVOKED', 'TOKEN_EXPIRED', 'NOT_FOUND'])

export interface StreamOptions<Data> extends QueryOptions {
  /** Hears each event. */
  onEvent?: (event: Data) => void
}

export type QueryHook<Data, Variables> = (
  ...asked: Record<string, never> extends Variables
    ? [variables?: Variables, options?: QueryOptions]
    : [variables: Variables, options?: QueryOptions]
) => QueryState<Data> & { refetch(): void }

/** The hooks of one document; `npm run codegen` makes one for each. */
export const queryHook =
  <Data, Variables>(document: TypedText<Data, Variables>): QueryHook<Data, Variables> =>
  (...[variables, options]) =>
    useQuery(document, variables ?? ({} as Variables), options)

export const mutationHook =
  <Data, Variables>(document: TypedText<Data, Variables>) =>
  (): [run: (variables: Variables) => Promise<Data>, state: QueryState<Data>] =>
    useMutation(document)

export const subscriptionHook =
  <Data, Variables>(document: TypedText<Data, Variables>) =>
  (variables: Variables, options?: StreamOptions<Data>): StreamState<Data> =>
    useSubscription(document, variables, options)
