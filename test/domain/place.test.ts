// Distances over the ground, and what is believed of a place.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ApprovalPlace } from '../../src/domain/approval.ts'
import {
  type Coordinates,
  completed,
  kilometresApart,
  kilometresBetween,
  type Place,
} from '../../src/domain/place.ts'

const at = (latitude: number, longitude: number): Coordinates => ({ latitude, longitude })
/** Half around the earth. */
const half = Math.PI * 6371.0088

describe('how far', () => {
  test.each<[string, Coordinates, Coordinates, number]>([
    ['the same place', at(59.33, 18.06), at(59.33, 18.06), 0],
    ['Stockholm to Madrid', at(59.3293, 18.0686), at(40.4168, -3.7038), 2593],
    ['Tallinn to Tartu', at(59.437, 24.7536), at(58.378, 26.729), 163],
    ['London to New York', at(51.5074, -0.1278), at(40.7128, -74.006), 5570],
    ['Sydney to Auckland', at(-33.8688, 151.2093), at(-36.8485, 174.7633), 2156],
    ['a degree of latitude', at(0, 0), at(1, 0), half / 180],
    ['a degree of longitude at the equator', at(0, 10), at(0, 11), half / 180],
    ['over the date line', at(0, 179.5), at(0, -179.5), half / 180],
    ['over the date line, by both its names', at(10, 180), at(10, -180), 0],
    ['Fiji to Samoa, over the date line', at(-18.1416, 178.4419), at(-13.8333, -171.7667), 1151],
    ['a pole by whichever longitude', at(90, 0), at(90, 123), 0],
    ['over a pole', at(89, 0), at(89, 180), half / 90],
    ['from pole to pole', at(90, 0), at(-90, 77), half],
    ['antipodes on the equator', at(0, 0), at(0, 180), half],
    ['antipodes anywhere', at(40.4168, -3.7038), at(-40.4168, 176.2962), half],
  ])('%s', (_what, a, b, expected) => {
    expect(Math.abs(kilometresBetween(a, b) - expected)).toBeLessThan(1)
  })

  test('is the same both ways, a number, and no more than half around', () => {
    const anywhere = fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    })
    fc.assert(
      fc.property(anywhere, anywhere, (a, b) => {
        const way = kilometresBetween(a, b)
        expect(way).toBeGreaterThanOrEqual(0)
        expect(way).toBeLessThanOrEqual(half + 1e-6)
        expect(Math.abs(way - kilometresBetween(b, a))).toBeLessThan(1e-6)
      }),
    )
  })

  test('is not known where a place is not', () => {
    expect(kilometresApart({ town: 'Tartu' }, { at: at(0, 0) })).toBeUndefined()
    expect(kilometresApart({ at: at(0, 0) }, {})).toBeUndefined()
    expect(kilometresApart({ at: at(0, 0) }, { at: at(0, 0) })).toBe(0)
  })
})

const found = { town: 'Madrid, Spain', at: at(40, -3) }
test.each<[string, ApprovalPlace, Place | undefined, ApprovalPlace]>([
  ['nothing was said', {}, found, found],
  ['nothing was found', { address: '8.8.8.8' }, undefined, { address: '8.8.8.8' }],
  ['a town was said', { town: 'Tartu' }, found, { town: 'Tartu', at: found.at }],
  ['coordinates were said: the address names no other town', { at: at(0, 0) }, found, { at: at(0, 0) }],
])('%s', (_what, said, of, expected) => expect(completed(said, of)).toEqual(expected))
