export { type Area, areaOf, areaOfId, areaSlot, areasOfBox, areasWithin, createIdIn, idIn } from './areas.ts'
export { distanceMeters, metersPerDegree, type Position } from './distance.ts'
export { checkedMapLatitude, mapLatitude } from './errors.ts'
export { type Cell, createGrid, type Grid } from './grid.ts'
