import DataLoader from 'dataloader'
import type { Decision } from '../modules/enforcement/index.ts'
import type { CaseEvent, ModerationCase, Report } from '../modules/moderation/index.ts'
import type { Listed, PageRequest } from '../platform/keyset.ts'
import type { Context } from './context.ts'

type PageOf = { id: string; page: PageRequest }

export interface CaseLoaders {
  /** For who was told of it already. */
  shownCase: DataLoader<string, ModerationCase | null>
  decisionsOfCase: DataLoader<PageOf, Listed<Decision>[]>
  reportsOfCase: DataLoader<PageOf, Listed<Report>[]>
  historyOfCase: DataLoader<PageOf, Listed<CaseEvent>[]>
}

export function caseLoaders({ services }: Pick<Context, 'services'>): CaseLoaders {
  const { moderation, enforcement } = services
  return {
    shownCase: new DataLoader(
      async (ids) => {
        const found = await moderation.shownCases([...new Set(ids)])
        return ids.map((id) => found.get(id) ?? null)
      },
      { cache: false },
    ),
    decisionsOfCase: pagesOf((ids, page) => enforcement.decisionsOfCases(ids, page)),
    reportsOfCase: pagesOf((ids, page) => moderation.reportsOfCases(ids, page)),
    historyOfCase: pagesOf((ids, page) => moderation.histories(ids, page)),
  }
}

/** The same page of what belongs to each of several, asked for at once. */
function pagesOf<Item>(
  find: (ids: readonly string[], page: PageRequest) => Promise<Map<string, Listed<Item>[]>>,
): DataLoader<PageOf, Listed<Item>[]> {
  return new DataLoader<PageOf, Listed<Item>[]>(
    async (asked) => {
      const groups = new Map<string, { page: PageRequest; ids: Set<string> }>()
      for (const { id, page } of asked) {
        const group = groups.get(JSON.stringify(page)) ?? { page, ids: new Set() }
        groups.set(JSON.stringify(page), group)
        group.ids.add(id)
      }
      const found = new Map<string, Map<string, Listed<Item>[]>>()
      for (const [key, { page, ids }] of groups) found.set(key, await find([...ids], page))
      return asked.map(({ id, page }) => found.get(JSON.stringify(page))?.get(id) ?? [])
    },
    { cache: false },
  )
}
