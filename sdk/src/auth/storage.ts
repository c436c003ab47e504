import type { TokenStorage } from './auth-types.ts'

/** For as long as the process lives, and for it alone. */
export function memoryTokens(initial: string | null = null): TokenStorage {
  let kept = initial
  return {
    get: async () => kept,
    async set(token) {
      kept = token
    },
  }
}

type Answer<T> = T | Promise<T>

/** What keeps texts by name; `localStorage` and React Native's AsyncStorage are such. */
export interface TextStore {
  getItem(key: string): Answer<string | null>
  setItem(key: string, value: string): Answer<void>
  removeItem(key: string): Answer<void>
}

/** One token in any store of texts. */
export const tokensIn = (store: TextStore, key: string): TokenStorage => ({
  get: async () => store.getItem(key),
  set: async (token) => (token === null ? store.removeItem(key) : store.setItem(key, token)),
})

/** Of `expo-secure-store`, which is handed in: `secureStoreTokens(SecureStore)`. */
export const secureStoreTokens = (
  store: {
    getItemAsync(key: string): Promise<string | null>
    setItemAsync(key: string, value: string): Promise<void>
    deleteItemAsync(key: string): Promise<void>
  },
  key = 'vicinity.token',
): TokenStorage =>
  tokensIn({ getItem: store.getItemAsync, setItem: store.setItemAsync, removeItem: store.deleteItemAsync }, key)

/** In a browser, shared by its tabs. Scripts of the page can read it: the cookie mode is the safer choice. */
export const localStorageTokens = (key = 'vicinity.token'): TokenStorage =>
  tokensIn((globalThis as unknown as { localStorage: TextStore }).localStorage, key)
