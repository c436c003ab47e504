export {
  type Band,
  bandAt,
  bandBetween,
  bandLimits,
  bands,
  type CellBand,
  cellBands,
  isWithin,
  searchMeters,
} from './bands.ts'
export { InaccurateFixError, NoPresenceError } from './errors.ts'
export {
  type PlacedGathering,
  type Surroundings,
  surroundingsForMs,
  surroundingsKey,
  surroundingsTopic,
  type Viewpoint,
  viewpointTopic,
} from './events.ts'
export { createGrids, type Grids } from './grids.ts'
export { presenceKeys, standsLua } from './keys.ts'
export {
  type Beat,
  createPresenceService,
  type Online,
  type PresenceService,
} from './service.ts'
export type { Standing } from './standings.ts'
export { createPresenceStore } from './store.ts'
