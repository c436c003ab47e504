import { metersPerDegree, type Position } from '../../platform/geo/index.ts'

const radiansPerDegree = Math.PI / 180

interface Row {
  columns: number
  buckets: Map<number, Set<unknown>>
}

/** Things at places, found by where they are: buckets of about one size, all around the Earth. */
export class PlaceIndex<Item extends Position> {
  readonly #rowDegrees: number
  readonly #rows = new Map<number, Row>()

  /** Buckets as wide as what is asked for is far, or a good part of that, make it quick. */
  constructor(bucketMeters: number) {
    this.#rowDegrees = bucketMeters / metersPerDegree
  }

  add(item: Item): void {
    const number = this.#rowOf(item.latitude)
    let row = this.#rows.get(number)
    if (!row) {
      const middle = (number + 0.5) * this.#rowDegrees - 90
      const columns = Math.max(1, Math.floor((360 / this.#rowDegrees) * Math.cos(middle * radiansPerDegree)))
      row = { columns, buckets: new Map() }
      this.#rows.set(number, row)
    }
    const column = columnOf(row, item.longitude)
    const bucket = row.buckets.get(column)
    if (bucket) bucket.add(item)
    else row.buckets.set(column, new Set([item]))
  }

  delete(item: Item): void {
    const number = this.#rowOf(item.latitude)
    const row = this.#rows.get(number)
    const column = row && columnOf(row, item.longitude)
    const bucket = column === undefined ? undefined : row?.buckets.get(column)
    if (!row || !bucket || column === undefined) return
    bucket.delete(item)
    if (bucket.size === 0) row.buckets.delete(column)
    if (row.buckets.size === 0) this.#rows.delete(number)
  }

  /** Visits everything within a distance, and some of what is further. */
  visit({ latitude, longitude }: Position, meters: number, seen: (item: Item) => void): void {
    const reach = (meters + 1) / metersPerDegree
    const [south, north] = [latitude - reach, latitude + reach]
    const ratio = Math.sin(reach * radiansPerDegree) / Math.cos(latitude * radiansPerDegree)
    const all = north >= 90 || south <= -90 || ratio >= 1
    const halfWidth = all ? 180 : Math.asin(ratio) / radiansPerDegree
    for (let number = this.#rowOf(south); number <= this.#rowOf(north); number += 1) {
      const row = this.#rows.get(number)
      if (!row) continue
      const width = 360 / row.columns
      const from = Math.floor((longitude - halfWidth + 180) / width)
      const to = Math.floor((longitude + halfWidth + 180) / width)
      if (to - from + 1 >= row.columns) {
        for (const bucket of row.buckets.values()) for (const item of bucket) seen(item as Item)
        continue
      }
      for (let column = from; column <= to; column += 1) {
        const bucket = row.buckets.get(((column % row.columns) + row.columns) % row.columns)
        if (bucket) for (const item of bucket) seen(item as Item)
      }
    }
  }

  #rowOf(latitude: number): number {
    return Math.floor((latitude + 90) / this.#rowDegrees)
  }
}

/** Longitudes are in [−180, 180). */
const columnOf = ({ columns }: Row, longitude: number) =>
  Math.min(columns - 1, Math.floor(((longitude + 180) / 360) * columns))
