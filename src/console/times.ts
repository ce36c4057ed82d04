// Days as the console counts them: when a certificate ends, and how long that is.
import { count } from './words.ts'

const dayMs = 24 * 3600_000

/** `24 Nov 2027`. */
export const dayText = (at: number): string =>
  new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(at)

/** `6 days`, `14 months`, `ended`. */
export function leftText(until: number, now: number): string {
  const days = Math.floor((until - now) / dayMs)
  if (until <= now) return 'ended'
  if (days < 1) return 'less than a day'
  return days < 90 ? count(days, 'day', 'days') : count(Math.floor(days / 30), 'month', 'months')
}
