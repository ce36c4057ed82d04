// What a bench reports.
/** One figure of a bench. */
export interface Result {
  readonly name: string
  readonly value: number
  readonly unit: string
}
