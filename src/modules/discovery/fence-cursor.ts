import type { Position as LogPosition } from '../../platform/cursor.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import type { Area } from '../../platform/geo/index.ts'
import { sealBytes, unsealBytes } from '../../platform/sealed.ts'
import type { CellBand, Grids } from '../presence/index.ts'
import type { Outlook } from './views.ts'

/** A position in a log, its epoch by a mark: enough to see that it is another one. */
export interface LogMark {
  epoch: number
  seq: number
}

/** All that is needed to go on from a frame: what was inside follows from it and the logs. */
export interface FenceState {
  at: Outlook | undefined
  /** In the viewer's own log, */
  own: LogMark
  /** and in those of the areas that the fence looked at. */
  areas: { area: Area; mark: LogMark }[]
  /** More frames were to follow at once: there is no going on from between them. */
  partial: boolean
}

/** A fence of 100 km touches no more. */
export const areasAtMost = 4
const areaBytes = 11
const headBytes = 21
const nowhere = 0xff_ff_ff

export const markOf = ({ epoch, seq }: LogPosition): LogMark => ({ epoch: Number.parseInt(epoch.slice(0, 8), 16), seq })

/**
 * Sealed: it says where the viewer was. What it was asked with is the label, so that it opens for the same viewer and radius only.
 * 28 bytes of seal and 65 of state are 124 characters, and a Cursor has at most 128.
 */
export function createFenceCursors(secret: string, grids: Grids) {
  const key = deriveKey(secret, 'fence-cursors')
  const label = (viewerId: string, radius: CellBand) => `nearbyChanged ${viewerId} ${radius}`

  return {
    seal(viewerId: string, radius: CellBand, { at, own, areas, partial }: FenceState): string {
      const bytes = Buffer.alloc(headBytes + areas.length * areaBytes)
      bytes[0] = areas.length + (partial ? 8 : 0)
      writeCell(bytes, 1, at?.cell.id)
      writeCell(bytes, 7, at?.near.id)
      bytes.writeUInt32BE(own.epoch, 13)
      bytes.writeUInt32BE(own.seq, 17)
      for (const [i, { area, mark }] of areas.entries()) {
        const from = headBytes + i * areaBytes
        bytes.writeUInt16BE(area, from)
        bytes.writeUInt32BE(mark.epoch, from + 2)
        bytes.writeUIntBE(mark.seq, from + 6, 5)
      }
      return sealBytes(key, label(viewerId, radius), bytes).toString('base64url')
    },

    /** Refuses with BAD_USER_INPUT what is not a cursor of this very fence. */
    open(viewerId: string, radius: CellBand, cursor: string): FenceState {
      const bytes = unsealBytes(key, label(viewerId, radius), Buffer.from(cursor, 'base64url'))
      const count = bytes ? (bytes[0] ?? 0) & 7 : 0
      if (!bytes || bytes.length !== headBytes + count * areaBytes)
        throw new BadUserInputError('This is not a cursor of this stream.', 'after')
      const [cell, near] = [grids.people.cell(cellId(bytes, 1)), grids.places.cell(cellId(bytes, 7))]
      return {
        at: cell && near ? { cell, near } : undefined,
        own: { epoch: bytes.readUInt32BE(13), seq: bytes.readUInt32BE(17) },
        areas: Array.from({ length: count }, (_, i) => {
          const from = headBytes + i * areaBytes
          const mark = { epoch: bytes.readUInt32BE(from + 2), seq: bytes.readUIntBE(from + 6, 5) }
          return { area: bytes.readUInt16BE(from), mark }
        }),
        partial: ((bytes[0] ?? 0) & 8) !== 0,
      }
    },
  }
}

export type FenceCursors = ReturnType<typeof createFenceCursors>

function writeCell(bytes: Buffer, from: number, id: string | undefined): void {
  const [row = nowhere, column = nowhere] = id?.split(':').map(Number) ?? []
  bytes.writeUIntBE(row, from, 3)
  bytes.writeUIntBE(column, from + 3, 3)
}

const cellId = (bytes: Buffer, from: number) => `${bytes.readUIntBE(from, 3)}:${bytes.readUIntBE(from + 3, 3)}`
