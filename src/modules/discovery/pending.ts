import type { SubjectKind } from './fences.ts'
import { isSameView, type View } from './views.ts'

interface Net {
  kind: SubjectKind
  id: string
  /** As the client knows it. */
  before: View | undefined
  after: View | undefined
}

export interface Change {
  change: 'ENTERED' | 'STAYED' | 'LEFT'
  kind: SubjectKind
  id: string
  /** None of what left. */
  view: View | undefined
}

/** What a client has not been told yet: of each subject what it comes to, however often it changed. */
export class Pending {
  readonly #changes = new Map<string, Net>()

  get size(): number {
    return this.#changes.size
  }

  add(kind: SubjectKind, id: string, before: View | undefined, after: View | undefined): void {
    const key = `${kind} ${id}`
    const net = this.#changes.get(key)
    if (net) net.after = after
    else this.#changes.set(key, { kind, id, before, after })
    if (isSameView(net ? net.before : before, after)) this.#changes.delete(key)
  }

  /** Takes the oldest out. `now`: how a subject looks at this moment. */
  take(atMost: number, stayed: boolean, now: (kind: SubjectKind, id: string) => View | undefined): Change[] {
    const taken: Change[] = []
    for (const [key, { kind, id, before }] of this.#changes) {
      if (taken.length >= atMost) break
      this.#changes.delete(key)
      const view = now(kind, id)
      if (!before && view) taken.push({ change: 'ENTERED', kind, id, view })
      else if (before && !view) taken.push({ change: 'LEFT', kind, id, view })
      else if (before && view && stayed && !isSameView(before, view)) taken.push({ change: 'STAYED', kind, id, view })
    }
    return taken
  }

  clear(): void {
    this.#changes.clear()
  }
}
