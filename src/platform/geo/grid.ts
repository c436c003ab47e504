import { createHmac } from 'node:crypto'
import { metersPerDegree, type Position, radians, wrapped } from './distance.ts'
import { mapLatitude } from './errors.ts'

/** One square of a grid, known to others by its centre only. */
export interface Cell extends Position {
  /** `row:column`. Names the cell inside this process and its stores; never sent to a client. */
  id: string
}

export interface Grid {
  /** The cell that holds a position. */
  snap(position: Position): Cell
  /** The cell of an id; undefined for what is none. */
  cell(id: string): Cell | undefined
  /** Ids of the cells that touch a cell, and its own. */
  around(cell: Cell): string[]
}

/** How many cells are remembered by their ids. */
const remembered = 20_000

/**
 * A grid of nearly square cells all around the Earth: rows of equal height, each cut into a whole number of columns, so that it
 * closes at the antimeridian. With a key, the grid is shifted by a secret part of a cell, so that nobody can tell from outside where its
 * lines run.
 */
export function createGrid({ cellMeters, key }: { cellMeters: number; key?: Buffer }): Grid {
  const shift = key ? createHmac('sha256', key).update(`grid:${cellMeters}`).digest() : Buffer.alloc(8)
  const rowShift = shift.readUInt32BE(0) / 2 ** 32
  const columnShift = shift.readUInt32BE(4) / 2 ** 32
  const rowDegrees = cellMeters / metersPerDegree
  const cells = new Map<string, Cell>()

  const rowOf = (latitude: number) => Math.floor((latitude + 90) / rowDegrees + rowShift)
  const middleOf = (row: number) => (row + 0.5 - rowShift) * rowDegrees - 90
  const columnsOf = (row: number) =>
    Math.max(1, Math.round((360 / rowDegrees) * Math.max(0, Math.cos(radians(middleOf(row))))))
  const columnOf = (longitude: number, columns: number) =>
    Math.floor(((wrapped(longitude) + 180) / 360) * columns + columnShift) % columns

  function at(row: number, column: number): Cell {
    const id = `${row}:${column}`
    const known = cells.get(id)
    if (known) return known
    const latitude = Math.min(mapLatitude, Math.max(-mapLatitude, middleOf(row)))
    const longitude = wrapped(((column + 0.5 - columnShift) / columnsOf(row)) * 360 - 180)
    const cell = { id, latitude: rounded(latitude), longitude: rounded(longitude) }
    if (cells.size >= remembered) cells.clear()
    cells.set(id, cell)
    return cell
  }

  return {
    snap({ latitude, longitude }) {
      const row = rowOf(latitude)
      return at(row, columnOf(longitude, columnsOf(row)))
    },
    cell(id) {
      const known = cells.get(id)
      if (known) return known
      const [, row, column] = /^(\d{1,7}):(\d{1,7})$/.exec(id)?.map(Number) ?? []
      if (row === undefined || column === undefined || row > rowOf(90) || column >= columnsOf(row)) return undefined
      return at(row, column)
    },
    around(cell) {
      const [row = 0, column = 0] = cell.id.split(':').map(Number)
      const columns = columnsOf(row)
      const ids = new Set([-1, 0, 1].map((step) => `${row}:${(column + step + columns) % columns}`))
      for (const near of [row - 1, row + 1]) {
        if (near < 0 || near > rowOf(90)) continue
        // Columns of another row start elsewhere; a neighbour is whatever shares a piece of border or a corner.
        const across = columnsOf(near)
        const from = Math.floor(((column - columnShift) / columns) * across + columnShift - 1e-9)
        const to = Math.floor(((column + 1 - columnShift) / columns) * across + columnShift + 1e-9)
        for (let i = from; i <= to; i += 1) ids.add(`${near}:${((i % across) + across) % across}`)
      }
      return [...ids]
    },
  }
}

/** To a tenth of a metre: what is sent and kept of a centre is the same number everywhere. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6
