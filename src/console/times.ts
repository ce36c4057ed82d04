// Times and counts as the console prints them: in UTC, so that they can be held against anybody's log.
import { type Html, html } from '../http/page/html.ts'
import { dateTimeText } from '../http/words/format.ts'

const dayMs = 24 * 3600_000

/** `24 Nov 2026, 14:21:07 UTC`. */
export const timeText = (at: number): string => dateTimeText({ at, timeZone: 'UTC' }, 'en')

export const time = (at: number): Html =>
  html`<time class="num" datetime="${new Date(at).toISOString()}">${timeText(at)}</time>`

/** `24 Nov 2027`. */
export const dayText = (at: number): string =>
  new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(at)

/** `in 6 days`, `14 months`, `over since 3 days`: how long something still lasts. */
export function leftText(until: number, now: number): string {
  const days = Math.floor((until - now) / dayMs)
  if (until <= now) return 'is over'
  if (days < 1) return 'less than a day'
  if (days < 90) return counted(days, 'day')
  return counted(Math.floor(days / 30), 'month')
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
