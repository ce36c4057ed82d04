// How the console says how far a case is, what people did with it, and what keeps somebody from a step.
import { type CaseState, type HeldCase, shownCaseState } from '../domain/held-case.ts'
import type { Html } from '../http/page/html.ts'
import type { CaseEntry } from '../ports/cases.ts'
import { badge, count } from './words.ts'

export const caseNames: Readonly<Record<CaseState, string>> = {
  open: 'Waiting',
  proposed: 'Release proposed',
  released: 'Released',
  stopped: 'Stopped',
  expired: 'Not decided in time',
}

const tones = { open: 'warn', proposed: 'info', released: 'ok', stopped: 'bad', expired: '' } as const

export function caseBadge(one: Pick<HeldCase, 'state' | 'deadline'>, now: number): Html {
  const state = shownCaseState(one, now)
  return badge(tones[state], caseNames[state])
}

/** After what is held, as the page's finding. */
export function caseFinding(one: HeldCase, now: number): string {
  if (one.usedBy !== undefined) return 'it was sent again'
  if (one.sendUntil !== undefined && one.sendUntil <= now) return 'it was not sent again in time'
  return findings[shownCaseState(one, now)]
}

const findings: Readonly<Record<CaseState, string>> = {
  open: 'somebody has to look',
  proposed: 'another person has to agree',
  released: 'it can be sent again',
  stopped: 'it is stopped',
  expired: 'nobody decided in time',
}

export const caseMeans: Readonly<Record<CaseState, string>> = {
  open: 'It is held until somebody decides. Releasing it takes two people, stopping it takes one.',
  proposed: 'One person proposes to release it. Somebody else agrees, sends it back, or stops it.',
  released:
    'Nothing is carried out by that: the same customer may send the very same again in the same app, once, and approves it by PIN.',
  stopped: 'It will not be carried out, and the customer was told.',
  expired: 'It will not be carried out, and the customer was told. Sent again, it is decided anew.',
}

export const entryNames: Readonly<Record<CaseEntry['step'], string>> = {
  propose: 'Release proposed',
  confirm: 'Released',
  'send-back': 'Proposal sent back',
  stop: 'Stopped',
  expire: 'Its time was over',
}

export const entryTones: Readonly<Record<CaseEntry['step'], string>> = {
  ...{ propose: '', confirm: 'ok', 'send-back': '', stop: 'bad', expire: '' },
}

/** Refusals after which the person stays on the page. */
export const caseNews = {
  'case.stale': ['Nothing was done: somebody did something with this case since you opened the page.', 409],
  'case.state': ['Nothing was done: this step cannot be taken any more.', 409],
  'case.reason': ['Nothing was done: say why, in 300 characters at most.', 422],
} as const satisfies Readonly<Record<string, readonly [words: string, status: number]>>
export type CaseNews = keyof typeof caseNews

export const isCaseNews = (code: string): code is CaseNews => Object.hasOwn(caseNews, code)

const minuteMs = 60_000

/** `3 hours`; of days the hours are left out. */
export function spanText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / minuteMs))
  if (minutes < 60) return count(minutes, 'minute', 'minutes')
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? count(hours, 'hour', 'hours') : count(Math.floor(hours / 24), 'day', 'days')
}
