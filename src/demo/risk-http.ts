// The demo's risk engines over HTTP: one that speaks as ThreatMetrix does, one as Sift does, one by the bridge's own contract.
import { setTimeout as delay } from 'node:timers/promises'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { RiskAction } from '../domain/risk.ts'
import { readBody } from './forms.ts'
import type { RiskDial, RiskFault, RiskLevel } from './risk-dial.ts'

/** What may be wrong with an answer, beside what the dial can do. */
export type HttpFault =
  | RiskFault
  | 'truncated'
  | 'not-a-number'
  | 'huge'
  | 'deep'
  | 'wrong-type'
  | 'wrong-event'
  | 'extra'
  | 'twice'
  | 'unlabelled'

/** Overrides the dial, for tests and for whoever wants one answer in particular. */
export interface HttpScript {
  readonly level?: RiskLevel
  readonly fault?: HttpFault
  /** From 0 to 1000, in place of the level's. */
  readonly score?: number
  readonly delayMs?: number
}

export interface HttpAsked {
  /** Below the engine's own prefix. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

export interface HttpEngines {
  /** The newest last, and not all: a bounded memory. */
  readonly asked: readonly HttpAsked[]
  script(script: HttpScript): void
}

export const httpEnginePaths = {
  threatmetrix: '/risk/threatmetrix/api/session-query',
  sift: '/risk/sift/v205/events',
  service: '/risk/service',
} as const

interface Verdict {
  readonly level: RiskLevel
  readonly score: number
}

type Said = Readonly<Record<string, unknown>>

const scores: Readonly<Record<RiskLevel, number>> = { low: 40, raised: 620, high: 850, block: 970 }
const actions: Readonly<Record<RiskLevel, RiskAction>> = {
  ...{ low: 'allow', raised: 'step-up', high: 'hold', block: 'deny' },
}
const reasons: Readonly<Record<RiskLevel, readonly string[]>> = {
  ...{ low: [], raised: ['New_Country'], high: ['New_Country', 'Proxy'], block: ['Known_Fraud'] },
}

/** Everything below `/risk/` that is HTTP and JSON. */
export function riskHttpRoutes(router: Router, dial: RiskDial): HttpEngines {
  const asked: HttpAsked[] = []
  let script: HttpScript = {}
  const engine = (path: string, answer: (body: Said, verdict: Verdict) => Said | undefined) =>
    router.post(path, async (ctx) => {
      const body = JSON.parse((await readBody(ctx)).toString('utf8')) as Said
      asked.push({ path: ctx.path, headers: { ...ctx.headers } as Record<string, string>, body })
      if (asked.length > 100) asked.shift()
      const { level, fault } = dial.get()
      const now = { level, fault, ...script }
      if (now.fault === 'slow') await delay(400)
      if (now.delayMs !== undefined) await delay(now.delayMs)
      const said = answer(body, { level: now.level, score: now.score ?? scores[now.level] })
      await reply(ctx, said, now.fault)
    })
  engine(httpEnginePaths.threatmetrix, sessionQuery)
  engine(httpEnginePaths.sift, siftEvent)
  engine(`${httpEnginePaths.service}/assess`, assess)
  engine(`${httpEnginePaths.service}/report`, () => undefined)
  engine(`${httpEnginePaths.service}/challenge`, challenge)
  engine(`${httpEnginePaths.service}/authenticate`, authenticate)
  return {
    asked,
    script(next) {
      script = next
    },
  }
}

const ratings: Readonly<Record<RiskLevel, readonly [status: string, rating: string]>> = {
  low: ['pass', 'trusted'],
  raised: ['review', 'medium'],
  high: ['review', 'high'],
  block: ['reject', 'high'],
}

/** Its score goes from -100, the worst, to 100, and is a text. */
function sessionQuery(body: Said, { level, score }: Verdict): Said {
  const [status, rating] = ratings[level]
  return {
    request_id: `tmx-${body.session_id}`,
    request_result: 'success',
    review_status: status,
    risk_rating: rating,
    summary_risk_score: String(100 - Math.round(score / 5)),
    tmx_risk_rating: rating,
    tmx_summary_reason_code: reasons[level],
    session_id: body.session_id,
  }
}

/** Its score goes from 0 to 1, for each kind of abuse that was asked about. */
const siftEvent = (body: Said, { level, score }: Verdict): Said => ({
  status: 0,
  error_message: 'OK',
  time: Math.floor(Date.now() / 1000),
  score_response: {
    status: 0,
    error_message: 'OK',
    user_id: body.$user_id,
    scores: {
      account_takeover: {
        score: score / 1000,
        reasons: reasons[level].map((name) => ({ name, value: '1' })),
      },
    },
  },
})

const eventOf = ({ event }: Said): Said => event as Said

const assess = (body: Said, { level, score }: Verdict): Said => ({
  event: eventOf(body).id,
  action: actions[level],
  score,
  band: level,
  reasons: reasons[level].map((code) => ({ code })),
  reference: { session: `s-${eventOf(body).id}` },
  device_token: 'demo-token-1',
})

/** Whoever has the demo's phone reads its one code there. */
const challengeCode = '424242'

function challenge(body: Said): Said {
  const { kind } = body
  const same = { event: eventOf(body).id, kind, reference: { challenge: `c-${eventOf(body).id}` } }
  if (kind === 'code') return { ...same, code: challengeCode }
  if (kind === 'out-of-band') return { ...same, token: '42' }
  return { ...same, questions: [{ id: 'q1', text: 'The street where you grew up?' }] }
}

/** Without an answer it is asked whether the customer has been reached: they have where there is nothing to fear. */
function authenticate(body: Said, { level }: Verdict): Said {
  const answers = body.answers as Readonly<Record<string, string>> | undefined
  const reached = level === 'low' ? 'passed' : 'pending'
  const judged = answers?.code === challengeCode ? 'passed' : 'failed'
  return { event: eventOf(body).id, state: answers === undefined ? reached : judged }
}

async function reply(ctx: Context, said: Said | undefined, fault: HttpFault): Promise<void> {
  if (fault === 'hang') await once(ctx)
  ctx.status = said === undefined ? 204 : 200
  if (said !== undefined) {
    ctx.body = spoilt(JSON.stringify(said), fault)
    ctx.type = fault === 'unlabelled' ? 'text/html' : 'application/json'
  }
  if (fault !== 'error') return
  ctx.status = 500
  ctx.body = { error: 'internal' }
}

/** Resolves when whoever asked has gone. */
const once = (ctx: Context): Promise<void> => new Promise((resolve) => ctx.res.once('close', () => resolve()))

const strange: Readonly<Record<string, unknown>> = { a_member: { that: ['nobody', 'expects'] } }

function spoilt(json: string, fault: HttpFault): string {
  const changed = (change: (name: string, value: unknown) => unknown) =>
    JSON.stringify(JSON.parse(json, change))
  switch (fault) {
    case 'garbage':
      return '<html><body>It works!</body></html>'
    case 'truncated':
      return json.slice(0, -7)
    case 'not-a-number':
      return json.replace(/("(?:summary_risk_score|score)":)(?:"[^"]*"|[\d.]+)/, '$1NaN')
    case 'huge':
      return JSON.stringify({ ...JSON.parse(json), filler: 'x'.repeat(2 * 1024 * 1024) })
    case 'deep':
      return json.replace(/\}$/, `,"filler":${'['.repeat(5000)}${']'.repeat(5000)}}`)
    case 'wrong-type':
      return changed((name, value) => (/^(summary_risk_score|score)$/.test(name) ? [value] : value))
    case 'wrong-event':
      return changed((name, value) =>
        /^(session_id|user_id|event)$/.test(name) ? 'of-somebody-else' : value,
      )
    case 'extra':
      return JSON.stringify({ ...JSON.parse(json), ...strange })
    case 'twice':
      return json.replace(/\}$/, ',"review_status":"pass","status":0,"action":"allow"}')
    default:
      return json
  }
}
