// The step of a sign-in in which a risk engine makes sure of the customer itself.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import { challengeKind, isDue, type RiskChallenges } from '../flows/risk-challenge.ts'
import { stateOf, tenantOf } from './context.ts'
import {
  back,
  goOn,
  type InteractionPorts,
  pageOf,
  posted,
  questionOf,
  visited,
  withinRate,
} from './interaction.ts'
import { type ChallengeFault, type ChallengeState, challengePage } from './page/challenge.ts'
import { askingOf } from './page-context.ts'

export interface RiskChallengeRoutePorts extends InteractionPorts {
  readonly riskChallenges: RiskChallenges
}

export function riskChallengeRoutes(router: Router, ports: RiskChallengeRoutePorts): void {
  router.get('/interaction/:uid/challenge', async (ctx) => {
    const login = await visited(ctx, ports)
    if (nextStep(login).step !== 'challenge') return back(ctx, login)
    if (!isDue(login)) return show(ctx, ports, { login })
    await withinRate(ports.rateLimits, 'pin', `${login.institution}|${login.uid}`)
    const { language } = askingOf(ctx, login.languages)
    await taken(ctx, ports, {
      login,
      take: () => ports.riskChallenges.first(tenantOf(ctx).institution, login, language),
    })
  })
  router.get('/interaction/:uid/challenge/state', async (ctx) => {
    stateOf(ctx).face = 'json'
    const login = await visited(ctx, ports)
    const now = await looked(login, () => ports.riskChallenges.look(tenantOf(ctx).institution, login))
    const waits = nextStep(now).step === 'challenge' && now.challenge?.begun !== undefined
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { state: waits ? 'waiting' : 'over' }
  })
  router.post('/interaction/:uid/challenge', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    if (nextStep(login).step !== 'challenge') return back(ctx, login)
    await withinRate(ports.rateLimits, 'pin', `${login.institution}|${login.uid}`)
    const wish = form.get('do')
    if (wish === 'deny') return goOn(ctx, ports, await ports.login.cancel(login))
    await taken(ctx, ports, { login, take: () => answered(ctx, ports, { login, form }) })
  })
}

interface Posted {
  readonly login: LoginTransaction
  readonly form: ReadonlyMap<string, string>
}

function answered(ctx: Context, ports: RiskChallengeRoutePorts, { login, form }: Posted) {
  const { institution } = tenantOf(ctx)
  const { language } = askingOf(ctx, login.languages)
  const { riskChallenges } = ports
  if (form.get('do') === 'look') return riskChallenges.look(institution, login)
  if (form.get('do') === 'again') return riskChallenges.again(institution, login, language)
  const answers = [...form].flatMap(([name, value]) => {
    if (name === 'code') return [[name, value] as const]
    return name.startsWith('answer.') ? [[name.slice('answer.'.length), value] as const] : []
  })
  return riskChallenges.answer(institution, login, new Map(answers))
}

/** What the script hears of: it looks again where the engine said nothing, and leads on where the call is over. */
async function looked(
  login: LoginTransaction,
  look: () => Promise<LoginTransaction>,
): Promise<LoginTransaction> {
  try {
    return await look()
  } catch (error) {
    if (!(error instanceof Refusal) || !error.code.startsWith('challenge.')) throw error
    if (error.code === 'challenge.unanswered') return login
    return { ...login, challenge: undefined }
  }
}

interface Taking {
  readonly login: LoginTransaction
  readonly take: () => Promise<LoginTransaction>
  /** What was wrong before, where this is what comes after it. */
  readonly fault?: ChallengeFault | undefined
}

async function taken(ctx: Context, ports: RiskChallengeRoutePorts, taking: Taking): Promise<void> {
  const { login, take, fault: before } = taking
  try {
    const next = await take()
    if (nextStep(next).step !== 'challenge') return await goOn(ctx, ports, next)
    if (ctx.method === 'POST' && before === undefined) return back(ctx, next, '/challenge')
    await show(ctx, ports, { login: next, fault: before })
  } catch (error) {
    // Of two presses at once the first was heard: the second is led to where that one led.
    if (error instanceof Refusal && error.code === 'interaction.step') return back(ctx, login)
    const fault = error instanceof Refusal ? faultOf(error, login) : undefined
    if (fault === undefined) throw error
    await again(ctx, ports, { login, fault })
  }
}

interface Faulty {
  readonly login: LoginTransaction
  readonly fault: ChallengeFault
}

/** The page once more, as the sign-in stands now: questions that are over are asked anew. */
async function again(ctx: Context, ports: RiskChallengeRoutePorts, { login, fault }: Faulty): Promise<void> {
  const { institution } = tenantOf(ctx)
  const { language } = askingOf(ctx, login.languages)
  const now = await ports.login.of(institution.id, login.uid, { hash: login.browserHash })
  if (nextStep(now).step !== 'challenge') return back(ctx, now)
  if (fault.kind !== 'wrong' || !isDue(now)) return show(ctx, ports, { login: now, fault })
  const take = () => ports.riskChallenges.first(institution, now, language)
  await taken(ctx, ports, { login: now, take, fault })
}

function faultOf({ code, detail }: Refusal, login: LoginTransaction): ChallengeFault | undefined {
  if (code === 'challenge.unanswered') return { code, kind: 'unanswered' }
  if (code === 'code.expired') return { code, kind: 'expired' }
  if (code === 'code.too_many') return { code, kind: 'later' }
  if (code !== 'challenge.failed') return undefined
  if (challengeKind(login) === 'out-of-band') return { code, kind: 'callFailed' }
  return detail.left === undefined
    ? { code, kind: 'missing' }
    : { code, kind: 'wrong', left: Number(detail.left) }
}

interface Show {
  readonly login: LoginTransaction
  readonly fault?: ChallengeFault | undefined
}

async function show(ctx: Context, ports: RiskChallengeRoutePorts, { login, fault }: Show): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const nonce = ports.chance.token(16)
  const state = stateOfPage(login)
  const view = {
    ...{ ...question, state, nonce, action: action('challenge'), asks: action('challenge/state') },
    fault: fault ?? (state.kind === 'none' ? lapsed : undefined),
    answerBy: login.challenge?.begun?.expiresAt ?? login.expiresAt,
  }
  pageOf(ctx, login, { html: challengePage(view), nonce })
  if (fault !== undefined) ctx.status = fault.kind === 'unanswered' ? 503 : 400
}

const lapsed: ChallengeFault = { kind: 'lapsed', code: 'code.expired' }

function stateOfPage(login: LoginTransaction): ChallengeState {
  const kind = challengeKind(login)
  const begun = login.challenge?.begun
  if (begun === undefined) return { kind: 'none', of: kind }
  if (kind === 'questions') return { kind, questions: begun.questions ?? [] }
  return kind === 'code' ? { kind } : { kind, token: begun.token ?? '' }
}
