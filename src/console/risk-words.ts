// How the console says what risk engines are asked, what they answer, how they fail, and what becomes of it.
import type { Institution } from '../domain/institution.ts'
import {
  type Combining,
  type Fallback,
  type RiskAction,
  type RiskEventPolicy,
  type RiskFailure,
  type RiskSettings,
  riskActions,
  voiceOfVerdict,
} from '../domain/risk.ts'
import type { AskedKind, RiskFact, riskFacts } from '../domain/risk-event.ts'
import { type Html, html } from '../http/page/html.ts'
import type { RiskHealth } from '../ports/risk.ts'
import type { RiskOutcome } from '../ports/risk-records.ts'
import { outcomeText } from './policy-words.ts'
import { badge } from './words.ts'

export const kindNames: Readonly<Record<AskedKind, string>> = {
  'sign-in': 'Sign-in',
  enrolment: 'Enrolment of a device',
  'device-change': 'Change of device',
  payment: 'Payment',
  payee: 'New payee',
  'contact-change': 'Change of contact details',
  'limit-change': 'Change of limits',
  access: 'Access to accounts',
}

export const actionNames: Readonly<Record<RiskAction, string>> = {
  allow: 'Passes',
  review: 'Review',
  'step-up': 'Step-up',
  enrol: 'Step-up by a new factor',
  hold: 'Held',
  deny: 'Refused',
  locked: 'Customer locked',
}

const actionTones = {
  allow: 'ok',
  review: 'info',
  'step-up': 'info',
  enrol: 'info',
  hold: 'warn',
  deny: 'bad',
  locked: 'bad',
} as const

export const actionBadge = (action: RiskAction): Html => badge(actionTones[action], actionNames[action])

/** What it leads to, for people: a whole sentence. */
export const actionMeans: Readonly<Record<RiskAction, string>> = {
  allow: 'Nothing is asked on account of risk.',
  review: 'It goes on; the bank’s people are to look at it.',
  'step-up': 'The customer has to prove more.',
  enrol: 'The customer has to prove more, by a factor that the engine does not know yet.',
  hold: 'It is stopped until the bank’s people have looked at it.',
  deny: 'It is refused.',
  locked: 'It is refused: the engine has locked the customer.',
}

export const failureNames: Readonly<Record<RiskFailure, string>> = {
  timeout: 'No answer in time',
  error: 'Error',
  malformed: 'No valid answer',
  open: 'Left alone',
  busy: 'Too busy',
}

export const failureMeans: Readonly<Record<RiskFailure, string>> = {
  timeout: 'It did not answer within the time that there was.',
  error: 'It could not be asked, or said that it cannot answer.',
  malformed: 'What it answered is no answer, or one to another event. It did not count.',
  open: 'It failed so often that it is not asked for a while.',
  busy: 'Too many questions to it were open at once.',
}

export const outcomeWords: Readonly<
  Record<RiskOutcome, readonly [tone: 'ok' | 'warn' | 'bad' | '', string]>
> = {
  approved: ['ok', 'Went well'],
  denied: ['', 'Not approved'],
  refused: ['', 'Stopped'],
  expired: ['', 'Not ended in time'],
  failed: ['warn', 'Failed'],
  fraud: ['bad', 'Fraud'],
}

export const whoSays: Readonly<Record<(typeof riskFacts)[RiskFact]['by'], string>> = {
  bridge: 'We know it',
  edge: 'Our edge saw it',
  bank: 'The bank’s IdP says so',
  caller: 'The caller says so',
}

const combiningText: Readonly<Record<Combining, string>> = {
  strictest: 'The strongest of all answers holds.',
  weighted:
    'The mean of the scores, each by its weight, is looked up in the bands. An answer that stops (held, refused, locked) holds all the same.',
  first: 'The first in order that answers holds.',
}

export const combiningNames: Readonly<Record<Combining, string>> = {
  strictest: 'Strictest',
  weighted: 'Weighted mean',
  first: 'First that answers',
}

/** How answers are combined, with the bands where there are any. */
export const combinedText = ({ combine, bands }: RiskEventPolicy): Html =>
  html`${combiningText[combine]}${combine === 'weighted' && html` <span class="quiet">${bandsText(bands)}</span>`}`

const bandsText = (bands: RiskEventPolicy['bands']): string =>
  riskActions
    .flatMap((action) =>
      bands[action] === undefined ? [] : [`${actionNames[action]} from ${bands[action]}`],
    )
    .join(', ')

/** What a level of proof a step-up asks for. */
export const stepUpText = ({ risk }: Pick<Institution, 'risk'>): string => levelText(risk)

function levelText(risk: RiskSettings | undefined): string {
  const voice = risk && voiceOfVerdict({ action: 'step-up', reason: '' }, risk.stepUp)
  return voice === undefined ? 'Step-up' : outcomeText(voice.outcome)
}

const fallbackText: Readonly<Record<Fallback, string>> = {
  allow: 'it passes all the same',
  'step-up': 'it is stepped up at least',
  hold: 'it is held at least',
  deny: 'it is refused',
}

/** What a failure leads to, as a sentence. */
export function failureText({ ask, combine, onFailure }: RiskEventPolicy): string {
  const then = fallbackText[onFailure]
  const nobody = `Where nobody answers, ${then}.`
  if (combine === 'first' || ask.every(({ optional }) => optional)) return nobody
  return `Where one fails that is not optional, or nobody answers, ${then}.`
}

export const fallbackBadge = (fallback: Fallback): Html =>
  fallback === 'allow' ? badge('warn', 'Passes') : badge('', actionNames[fallback])

/** How an engine does: as its breaker has it, and whether it ever answered. */
export function stateOf({ breaker, answered, failed }: RiskHealth): keyof typeof healthWords {
  if (breaker !== 'closed') return breaker
  if (answered > 0) return 'answering'
  return failed > 0 ? 'failing' : 'unasked'
}

interface HealthWords {
  readonly badge: readonly [tone: 'ok' | 'warn' | 'bad' | '', string]
  /** After the name of the engine. */
  readonly heading: string
  readonly means: string
}

export const healthWords = {
  answering: { badge: ['ok', 'Answering'], heading: 'is answering', means: 'It is asked about every event.' },
  unasked: {
    badge: ['', 'Not asked yet'],
    heading: 'was not asked yet',
    means: 'Nothing was asked of it since this node started, or its settings were changed.',
  },
  failing: {
    badge: ['warn', 'Failing'],
    heading: 'is failing',
    means: 'It is asked about every event, and has not answered since this node started.',
  },
  open: {
    badge: ['bad', 'Left alone'],
    heading: 'is failing',
    means: 'It failed so often that it is not asked for a while; meanwhile each event counts as its failure.',
  },
  'half-open': {
    badge: ['warn', 'Being tried'],
    heading: 'is being tried',
    means: 'It failed often. One event is tried on it; the others do not wait for that.',
  },
} as const satisfies Readonly<Record<string, HealthWords>>

export function healthBadge(health: RiskHealth): Html {
  const [tone, word] = healthWords[stateOf(health)].badge
  return badge(tone, word)
}

/** Why the verdict came out so: who decided. The code stands beside it. */
export function verdictText(reason: string): Html {
  if (reason === 'risk.allowed') return html`No engine asked for anything.`
  if (reason === 'risk.weighted') return html`The weighted mean of the scores decided.`
  if (reason === 'risk.unanswered')
    return html`A failure decided: an engine gave no answer, and what the institution does then was stronger than what the others said.`
  return html`Engine <code>${reason.replace(/^risk\./, '')}</code> decided.`
}

/** `0.8 s`, `12 ms`. */
export const tookText = (ms: number): string =>
  ms < 1000 ? `${ms}\u00a0ms` : `${(ms / 1000).toFixed(1)}\u00a0s`
