// xs:dateTime as SAML writes it (SAML Core 1.3.3: always UTC).

/** Epoch milliseconds; undefined for anything but a real instant with a zone of `Z`. */
export function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)) return undefined
  const at = Date.parse(text)
  // Date.parse turns 30 February into 2 March; what is not read back as written is no date.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== text.slice(0, 19) ? undefined : at
}

/** An instant as SAML writes it. */
export const samlInstant = (at: number): string => new Date(at).toISOString()

const duration = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/
const day = 24 * 3600

/** An xs:duration in seconds, with months of 30 and years of 365 days; undefined for anything else, a negative one too. */
export function secondsOf(text: string): number | undefined {
  const parts = duration.exec(text)
  if (!parts || parts.slice(1).every((part) => part === undefined)) return undefined
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0))
  const total = (years * 365 + months * 30 + days) * day + hours * 3600 + minutes * 60 + seconds
  return Number.isSafeInteger(total) ? total : undefined
}
