import { createHttpClient } from '../kit/http.ts'
import type { Server } from '../kit/server.ts'
import { catalogueDocument } from './documents.ts'

/** The ids of all interests, in an order that does not change. */
export async function loadCatalogue({ url }: Server): Promise<string[]> {
  const http = createHttpClient(1)
  try {
    const categories = await http.send<{ interests: { id: string }[] }[]>({
      ...{ name: 'interestCatalog', url, query: catalogueDocument },
    })
    return categories.flatMap(({ interests }) => interests.map(({ id }) => id)).sort()
  } finally {
    http.close()
  }
}
