// Where somebody is, as far as anybody knows, and how far two people are from one another.

/** Degrees: north and east are positive. */
export interface Coordinates {
  readonly latitude: number
  readonly longitude: number
}

export interface Place {
  /** Town and country, in words that may be shown. */
  readonly town?: string | undefined
  readonly at?: Coordinates | undefined
  /** ISO 3166, two letters. */
  readonly country?: string | undefined
  /** Number of the autonomous system that announces the address. */
  readonly asn?: number | undefined
}

/** What there are databases for: what they do not know is then unknown, and not merely never looked up. */
export interface Covered {
  readonly places: boolean
  readonly systems: boolean
}

/** Mean radius of the earth (IUGG), in kilometres. The earth is flatter by 0.3 %, which nobody's limit is measured by. */
const radius = 6371.0088

const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** The way over the ground (haversine), in kilometres: at most half around the earth. */
export function kilometresBetween(a: Coordinates, b: Coordinates): number {
  const north = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2
  const east = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2
  const chord = north + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * east
  // Antipodes may come out a little above 1.
  return 2 * radius * Math.asin(Math.sqrt(Math.min(1, chord)))
}

/** Undefined where one of the places is not known. */
export const kilometresApart = (a: Place, b: Place): number | undefined =>
  a.at && b.at && kilometresBetween(a.at, b.at)

/** What was said of a place, completed by what its address is known for: whoever says where it is is not contradicted. */
export function completed<Said extends Place>(said: Said, found: Place | undefined): Said {
  if (said.at !== undefined || found === undefined) return said
  return { ...said, town: said.town ?? found.town, at: found.at }
}
