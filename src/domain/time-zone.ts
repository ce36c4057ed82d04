// Clocks of places: how far from UTC a time zone is, and how far a longitude.

const offsetForm = /^GMT(?:([+-])(\d{2}):(\d{2}))?/

/** Minutes east of UTC at this moment; undefined for a name that nobody knows. */
export function offsetOfZone(timeZone: string, at: number): number | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [found, sign, hours = '0', minutes = '0'] = offsetForm.exec(name) ?? []
    if (found === undefined) return undefined
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  } catch {
    return undefined
  }
}

/** Hours between a clock and the sun of this longitude, by the shorter way around. */
export function hoursFromSun(offset: number, longitude: number): number {
  const apart = Math.abs(offset / 60 - longitude / 15) % 24
  return Math.min(apart, 24 - apart)
}
