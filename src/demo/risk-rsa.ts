// The demo's risk engine: a SOAP server that speaks like RSA Adaptive Authentication in both dialects, and does what it is told.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { readBody } from './forms.ts'
import { createRiskDial, type RiskDial } from './risk-dial.ts'
import { type RsaAnswered, rsaAnswer } from './risk-rsa-answers.ts'
import { createRsaCallers, type RsaCaller, type RsaCallerStyle, type RsaCallers } from './risk-rsa-callers.ts'
import type { RsaOutcome } from './risk-rsa-desk.ts'
import { disordered, hostileAnswer } from './risk-rsa-hostile.ts'
import { type RsaRequest, readRsaRequest } from './risk-rsa-request.ts'
import { createRsaScripts, type RsaPlan, type RsaScript, type RsaScripts } from './risk-rsa-script.ts'
import { createRsaState, type RsaState, type RsaTokenStanding, type RsaUserSeed } from './risk-rsa-state.ts'
import {
  type RsaDialect,
  type RsaFaultWords,
  type RsaOperation,
  RsaRefused,
  rsaFault,
} from './risk-rsa-wire.ts'

export interface RsaSimulatorOptions {
  readonly caller: RsaCaller
  /** The one way in which callers may show who they are; both unless told. */
  readonly style?: RsaCallerStyle
  /** The one dialect that is spoken; unless told, that of the version in each message: 6.0 is site-to-user. */
  readonly dialect?: RsaDialect
  readonly users?: readonly RsaUserSeed[]
  /** Decides where no script does. */
  readonly dial?: RiskDial
  /** Wrong answers after which a customer is locked out: 3 unless told. */
  readonly tries?: number
  readonly now?: () => number
}

/** One request that was understood and came from a known caller. */
export interface RsaCall {
  readonly operation: RsaOperation
  readonly dialect: RsaDialect
  readonly style: RsaCallerStyle
  readonly user: string
  readonly requestId: string
  readonly events: RsaRequest['events']
  /** How the device token of the request stood. */
  readonly token: RsaTokenStanding
  readonly given: { readonly device: string; readonly session: string | undefined; readonly status: number }
  readonly xml: string
}

export interface RsaSimulator {
  /** Puts the service below `path`, and its one-way twin beside it. */
  routes(router: Router, path?: string): void
  /** From now on; what is said later wins. */
  script(next: RsaScript): void
  /** Forgets all scripts: the dial decides again. */
  unscript(): void
  /** The newest last. */
  readonly calls: readonly RsaCall[]
  /** What came by `notify`. */
  readonly outcomes: readonly RsaOutcome[]
  /** Why requests were refused with a fault. */
  readonly refused: readonly RsaFaultWords[]
  readonly state: RsaState
}

const kept = 500

interface Room {
  readonly options: RsaSimulatorOptions
  readonly callers: RsaCallers
  readonly scripts: RsaScripts
  readonly state: RsaState
  readonly calls: RsaCall[]
  readonly outcomes: RsaOutcome[]
  readonly refused: RsaFaultWords[]
  /** The last answer of each operation, for giving it twice. */
  readonly answers: Map<RsaOperation, string>
  readonly now: () => number
}

export function createRsaSimulator(options: RsaSimulatorOptions): RsaSimulator {
  const room: Room = {
    options,
    callers: createRsaCallers(options.caller, options.style),
    scripts: createRsaScripts(options.dial ?? createRiskDial()),
    state: createRsaState(options.users ?? []),
    calls: [],
    outcomes: [],
    refused: [],
    answers: new Map(),
    now: options.now ?? Date.now,
  }
  const { calls, outcomes, refused, state, scripts } = room
  return {
    routes(router, path = '/AdaptiveAuthentication/services') {
      router.post(`${path}/AdaptiveAuthentication`, (ctx) => serve(room, ctx, false))
      router.post(`${path}/AsyncAdaptiveAuthentication`, (ctx) => serve(room, ctx, true))
    },
    script: scripts.add,
    unscript: scripts.clear,
    ...{ calls, outcomes, refused, state },
  }
}

async function serve(room: Room, ctx: Context, oneWay: boolean): Promise<void> {
  try {
    const request = readRsaRequest(await readBody(ctx), ctx.get('soapaction'))
    const { dialect = request.dialect } = room.options
    if (dialect !== request.dialect)
      throw new RsaRefused('Client', 'INVALID_REQUEST', `${dialect} is spoken here`)
    if (oneWay && request.operation !== 'notify' && request.operation !== 'analyze')
      throw new RsaRefused('Client', 'INVALID_REQUEST', `${request.operation} is not one-way`)
    const style = room.callers.check(request, room.now())
    const plan = room.scripts.planOf(request)
    await pause(plan.latencyMs ?? 0)
    if (troubled(ctx, plan)) return
    const xml = told(room, request, { plan, style })
    if (oneWay) ctx.status = 202
    else reply(ctx, 200, xml)
  } catch (error) {
    if (!(error instanceof RsaRefused)) throw error
    room.refused.push(error.words)
    reply(ctx, 500, rsaFault(error.words))
  }
}

const pause = (ms: number): Promise<void> =>
  ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))

function reply(ctx: Context, status: number, xml: string): void {
  ctx.status = status
  ctx.type = 'text/xml; charset=utf-8'
  ctx.body = xml
}

/** Goes wrong as the plan says; false where nothing is to. A request that goes wrong changes nothing. */
function troubled(ctx: Context, { trouble }: RsaPlan): boolean {
  if (trouble === undefined || trouble === 'truncated') return false
  if (trouble === 'hang' || trouble === 'reset') {
    // Whoever hangs leaves the socket to the caller; it dies with the server.
    ctx.respond = false
    if (trouble === 'reset') ctx.req.socket.resetAndDestroy()
    return true
  }
  if (trouble === 'soap-fault')
    throw new RsaRefused('Server', 'INTERNAL_ERROR', 'the engine cannot answer just now')
  if (trouble === 'http-500') {
    ctx.status = 500
    ctx.type = 'text/html'
    ctx.body = '<html><body><h1>Internal Server Error</h1></body></html>'
    return true
  }
  reply(ctx, 200, trouble === 'empty' ? '' : 'actionCode=ALLOW&riskScore=0 <<<\u0001')
  return true
}

/** Does what is asked for, writes it down, and says what the plan wants to be said. */
function told(
  room: Room,
  request: RsaRequest,
  { plan, style }: { plan: RsaPlan; style: RsaCallerStyle },
): string {
  const { state, options, now } = room
  const { next, standing, bound } = state.rotate(request.deviceToken, request.user)
  const answered = rsaAnswer(
    {
      ...{ state, request, plan, dialect: request.dialect, device: next },
      user: state.find(request.user),
      tries: options.tries ?? 3,
      notified: (outcome) => keep(room.outcomes, outcome),
    },
    { now: now(), bound },
  )
  keep(room.calls, callOf(request, { style, token: standing, device: next, answered }))
  const earlier = room.answers.get(request.operation)
  room.answers.set(request.operation, answered.xml)
  return said(plan, { xml: answered.xml, earlier, operation: request.operation })
}

function keep<T>(list: T[], one: T): void {
  list.push(one)
  if (list.length > kept) list.shift()
}

interface Noted {
  readonly style: RsaCallerStyle
  readonly token: RsaTokenStanding
  readonly device: string
  readonly answered: RsaAnswered
}

function callOf(request: RsaRequest, { style, token, device, answered }: Noted): RsaCall {
  const { operation, dialect, user, requestId, events, envelope } = request
  const given = { device, session: answered.sessionId, status: answered.status.code }
  return { operation, dialect, style, user, requestId, events, token, given, xml: envelope.xml }
}

interface Truth {
  readonly xml: string
  readonly earlier: string | undefined
  readonly operation: RsaOperation
}

function said({ mix, hostile, trouble }: RsaPlan, { xml, earlier, operation }: Truth): string {
  const mixed = mix === 'earlier' ? (earlier ?? xml) : mix === 'order' ? disordered(xml) : xml
  const turned = hostile === undefined ? mixed : hostileAnswer(hostile, mixed, operation)
  return trouble === 'truncated' ? turned.slice(0, turned.length / 2) : turned
}
