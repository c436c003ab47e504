import { distanceMeters, type Position } from '../../src/platform/geo/index.ts'
import { readPlaces } from '../seed/places.ts'

export interface City {
  name: string
  /** Squares, stations and parks that draw people. */
  places: (Position & { name: string })[]
  /** What the map shows. */
  middle: Position
}

const places = readPlaces()
/** A campus further out is a town of its own to those on foot. */
const walkMeters = 4000

export const cityNames: readonly string[] = [...new Set(places.map(({ city }) => city))]

export function cityNamed(name: string): City {
  const all = places.filter(({ city }) => city === name)
  const center = { latitude: median(all.map((at) => at.latitude)), longitude: median(all.map((at) => at.longitude)) }
  const near = all.filter((place) => distanceMeters(place, center) < walkMeters)
  return { name: titled(name), places: near, middle: middleOf(near) }
}

/** cape-town → Cape Town */
const titled = (name: string) => name.replace(/(^|-)(.)/g, (_, dash, first) => (dash ? ' ' : '') + first.toUpperCase())

function middleOf(all: Position[]): Position {
  const half = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2
  return { latitude: half(all.map((at) => at.latitude)), longitude: half(all.map((at) => at.longitude)) }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
