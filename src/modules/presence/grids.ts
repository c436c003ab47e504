import { deriveKey } from '../../platform/derive-key.ts'
import { createGrid, type Grid } from '../../platform/geo/index.ts'

/** How finely each surface may know where something is. Nothing else of a position is kept for others, compared, ordered or sent. */
export interface Grids {
  /** People are in a cell of `PRIVACY_CELL_METERS`. */
  people: Grid
  /** Activities are where their host chose to say they are; and so near one must be to see one that nobody has joined. */
  places: Grid
}

/** 0.001 degrees of latitude, as the source system rounds. */
const placeCellMeters = 110

export function createGrids(secret: string, peopleCellMeters: number): Grids {
  const key = deriveKey(secret, 'location-grids')
  return {
    people: createGrid({ cellMeters: peopleCellMeters, key }),
    places: createGrid({ cellMeters: placeCellMeters, key }),
  }
}
