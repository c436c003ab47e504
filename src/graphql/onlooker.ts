import type { Onlooker } from '../modules/messages/index.ts'
import type { Context } from './context.ts'
import { accountOf } from './person.ts'

/** Who is shown something of a conversation: the viewer, or everybody of an audience at once. Such a field needs no `perViewer`. */
export const onlookerOf = ({ viewer, audience }: Pick<Context, 'viewer' | 'audience'>): Onlooker =>
  audience !== undefined && !viewer ? { audience } : { accountId: accountOf(viewer) }
