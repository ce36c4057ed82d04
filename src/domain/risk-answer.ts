// Looking into the JSON that a risk engine answered: by place and by kind, so that nothing is taken for what it is not.

/** An answer as expressions see it: by kind and place, so that a value of another kind is never taken for one. */
export class Answer {
  readonly root: unknown
  constructor(root: unknown) {
    this.root = root
  }
}

/** Nothing stands where an expression looks. */
export class Absent extends Error {}

/** Something else stands there. The message names the place, and nothing of what is there. */
export class WrongKind extends Error {}

const longestText = 4096
const mostTexts = 100

const stepsOf = (place: string): string[] =>
  place
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

/** What stands there; undefined where nothing does, or null. */
function step(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(name)) return undefined
  return Object.hasOwn(value, name) ? ((value as Record<string, unknown>)[name] ?? undefined) : undefined
}

export const isGiven = ({ root }: Answer, place: string): boolean =>
  stepsOf(place).reduce(step, root) !== undefined

function valueAt({ root }: Answer, place: string): unknown {
  const value = stepsOf(place).reduce(step, root)
  if (value === undefined) throw new Absent(`${place} is absent`)
  return value
}

const wrong = (place: string, wanted: string): Error => new WrongKind(`${place} is not ${wanted}`)

export function textAt(answer: Answer, place: string): string {
  const value = valueAt(answer, place)
  if (typeof value !== 'string' || value.length > longestText) throw wrong(place, 'a text, or too long')
  return value
}

export function flagAt(answer: Answer, place: string): boolean {
  const value = valueAt(answer, place)
  if (typeof value !== 'boolean') throw wrong(place, 'true or false')
  return value
}

/** As a whole number with so many digits behind the point; away from nothing where it is less than that. */
export function numberAt(answer: Answer, place: string, digits: bigint): bigint {
  const value = valueAt(answer, place)
  if (typeof value !== 'number') throw wrong(place, 'a number')
  const scaled = value * 10 ** Number(digits)
  const number = scaled < 0 ? Math.floor(scaled) : Math.round(scaled)
  if (!Number.isSafeInteger(number)) throw wrong(place, 'a number that can be counted')
  return BigInt(number)
}

// `/reasons/*/name`: of each in the list; what lacks one is left out, and where there is no list there are none.
export function textsAt({ root }: Answer, place: string): string[] {
  const found = stepsOf(place).reduce<readonly unknown[]>(
    (values, name) => values.flatMap((value) => (name === '*' ? eachOf(value, place) : below(value, name))),
    [root],
  )
  // A place that names the list itself means its items.
  const values = found.flat(1)
  if (values.length > mostTexts) throw wrong(place, `a list of at most ${mostTexts}`)
  if (!values.every((value) => typeof value === 'string' && value.length <= longestText))
    throw wrong(place, 'a list of texts')
  return values as string[]
}

function below(value: unknown, name: string): readonly unknown[] {
  const found = step(value, name)
  return found === undefined ? [] : [found]
}

function eachOf(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(place, 'a list')
  return value
}
