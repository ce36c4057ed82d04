// What the demo's AA-compatible engine is told to do: verdicts, delays, faults and lies, by operation, customer and event.
import type { RiskDial, RiskFault, RiskLevel } from './risk-dial.ts'
import type { HostileAnswer } from './risk-rsa-hostile.ts'
import type { RsaRequest } from './risk-rsa-request.ts'
import type { RsaOperation } from './risk-rsa-wire.ts'

export interface RsaVerdict {
  /** An ActionCode; any text goes out, so that codes that nobody knows can be tried. */
  readonly action: string
  /** Text for scores that are no numbers. */
  readonly score: number | string
  readonly band: string
  readonly rule: { readonly id: string; readonly name: string }
  /** The 7.x dialect only. */
  readonly assurance: string
}

/** What goes wrong instead of an answer. */
export type RsaTrouble = 'hang' | 'soap-fault' | 'http-500' | 'reset' | 'garbage' | 'empty' | 'truncated'

/** A well-formed answer that is not quite what it should be. */
export type RsaMix =
  /** Its requestId is of no request. */
  | 'request-id'
  /** It names another customer. */
  | 'user'
  /** It names another session and transaction. */
  | 'transaction'
  /** The very answer that was given to the call before this one of the same operation. */
  | 'earlier'
  /** It is the right one, but its parts do not stand in the order of the schema. */
  | 'order'

export interface RsaScript {
  /** Which calls it is for: all unless told. */
  readonly for?: { readonly operation?: RsaOperation; readonly user?: string; readonly event?: string }
  /** How many calls it lasts for; it stays unless told. */
  readonly times?: number
  readonly verdict?: Partial<RsaVerdict>
  readonly latencyMs?: number
  readonly trouble?: RsaTrouble
  readonly mix?: RsaMix
  readonly hostile?: HostileAnswer
  /** What the statusHeader says instead of 200. */
  readonly status?: { readonly code: number; readonly reason: number; readonly description: string }
  /** How a phone call that is placed now goes on: so many times PENDING, then this. */
  readonly call?: RsaCallPlan
}

export interface RsaCallPlan {
  readonly pending: number
  readonly ends: 'CALL_ANSWERED' | 'CALL_FAILED' | 'PENDING'
}

/** What holds for one call, everything that the scripts say of it put together; the newest of them wins. */
export interface RsaPlan extends Omit<RsaScript, 'for' | 'times' | 'verdict' | 'call'> {
  readonly verdict: RsaVerdict
  readonly call: RsaCallPlan
}

export interface RsaScripts {
  add(script: RsaScript): void
  clear(): void
  /** Uses up one of `times`. */
  planOf(request: Pick<RsaRequest, 'operation' | 'user' | 'events'>): RsaPlan
}

const byLevel: Readonly<Record<RiskLevel, Omit<RsaVerdict, 'band' | 'assurance'>>> = {
  low: { action: 'ALLOW', score: 42, rule: { id: 'rule-0', name: 'Nothing unusual' } },
  raised: { action: 'CHALLENGE', score: 642, rule: { id: 'rule-12', name: 'Unusual for this customer' } },
  high: {
    action: 'DELAY_AND_REVIEW',
    score: 842,
    rule: { id: 'rule-17', name: 'High value to a new payee' },
  },
  block: { action: 'DENY', score: 980, rule: { id: 'rule-99', name: 'Known fraud pattern' } },
}

const assurances: Readonly<Record<RiskLevel, string>> = {
  ...{ low: 'HIGH', raised: 'MEDIUM', high: 'LOW_MEDIUM', block: 'LOW' },
}

const byFault: Readonly<Record<RiskFault, Pick<RsaScript, 'latencyMs' | 'trouble'>>> = {
  none: {},
  slow: { latencyMs: 600 },
  hang: { trouble: 'hang' },
  error: { trouble: 'soap-fault' },
  garbage: { trouble: 'garbage' },
}

/** The band that a score is in, as the engine names them: `600-700`. */
function bandOf(score: number | string): string {
  const low = Math.min(900, Math.floor(Number(score) / 100) * 100)
  return Number.isNaN(low) ? 'unknown' : `${low}-${low + 100}`
}

/** Without a script, the dial decides. */
export function createRsaScripts(dial: RiskDial): RsaScripts {
  let scripts: { readonly script: RsaScript; left: number }[] = []

  function used(request: Parameters<RsaScripts['planOf']>[0]): RsaScript[] {
    const due = scripts.filter(({ script }) => matches(script, request))
    for (const one of due) one.left -= 1
    scripts = scripts.filter(({ left }) => left > 0)
    return due.map(({ script }) => script)
  }

  return {
    add: (script) => void scripts.push({ script, left: script.times ?? Number.POSITIVE_INFINITY }),
    clear() {
      scripts = []
    },
    planOf(request) {
      const { level, fault } = dial.get()
      const said = used(request)
      const { for: _for, times: _times, ...last } = Object.assign({}, byFault[fault], ...said) as RsaScript
      const verdict = Object.assign({ ...byLevel[level] }, ...said.map((one) => one.verdict))
      return {
        ...last,
        verdict: { band: bandOf(verdict.score), assurance: assurances[level], ...verdict },
        call: last.call ?? { pending: 1, ends: 'CALL_ANSWERED' },
      }
    },
  }
}

function matches({ for: due }: RsaScript, request: Parameters<RsaScripts['planOf']>[0]): boolean {
  if (due === undefined) return true
  if (due.operation !== undefined && due.operation !== request.operation) return false
  if (due.user !== undefined && due.user !== request.user) return false
  return due.event === undefined || request.events.some(({ type }) => type === due.event)
}
