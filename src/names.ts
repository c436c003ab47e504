import type { Gate } from './modules/gate/index.ts'
import type { Names } from './modules/identity/index.ts'
import type { ProfilesService } from './modules/profiles/index.ts'
import { stripLinks, type TextService } from './modules/scanning/index.ts'

/** What new accounts may be called. `profiles` are wired later. */
export function createNames(deps: {
  gate: Pick<Gate, 'ask'>
  texts: Pick<TextService, 'isOffensive'>
  profiles: () => Pick<ProfilesService, 'hideNew'>
}): Names {
  const { gate, texts, profiles } = deps
  return {
    isOffensive: texts.isOffensive,

    async judge(accountId, displayName) {
      if (displayName === '') return { displayName, keep: async () => undefined, written: () => undefined }
      const write = { surface: 'PROFILE', personId: accountId, attempt: 'register', texts: [displayName] } as const
      const { texts: kept, hiddenBy, written } = await gate.ask(write)
      return {
        displayName: kept[0] ?? displayName,
        keep: async (sql) => (hiddenBy === null ? undefined : profiles().hideNew(sql, accountId, hiddenBy)),
        written: () => written({ kind: 'ACCOUNT', id: accountId }),
      }
    },

    isKeptOf: (kept, given) => kept === given || kept === stripLinks(given),
  }
}
