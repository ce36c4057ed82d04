// The step of a sign-in that waits for an answer on a phone.
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { ApprovalPlace } from '../domain/approval.ts'
import { type LoginTransaction, nextStep, pinCan } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { LoginApproval, Waiting } from '../flows/login-approval.ts'
import { stateOf, tenantOf } from './context.ts'
import {
  back,
  goOn,
  type InteractionPorts,
  pageOf,
  posted,
  questionOf,
  refuse,
  shownOf,
  visited,
} from './interaction.ts'
import { type ApproveState, approvePage } from './page/approve.ts'
import { askingOf } from './page-context.ts'
import { wordsOf } from './words/catalogue.ts'

export interface ApprovePorts extends InteractionPorts {
  readonly loginApproval: LoginApproval
}

export function approveRoutes(router: Router, ports: ApprovePorts): void {
  router.get('/interaction/:uid/approve', async (ctx) => {
    const login = await visited(ctx, ports)
    if (nextStep(login).step !== 'approve') return back(ctx, login)
    await shown(ctx, ports, login)
  })
  router.get('/interaction/:uid/approve/state', async (ctx) => {
    stateOf(ctx).face = 'json'
    const login = await visited(ctx, ports)
    const waits = nextStep(login).step === 'approve' && (await ports.loginApproval.peek(login)) === 'pending'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { state: waits ? 'waiting' : 'over' }
  })
  router.post('/interaction/:uid/approve', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    await answered(ctx, ports, { login, wish: form.get('do') ?? '' })
  })
}

interface Wished {
  readonly login: LoginTransaction
  readonly wish: string
}

async function answered(ctx: Context, ports: ApprovePorts, { login, wish }: Wished): Promise<void> {
  const { step } = nextStep(login)
  const { loginApproval } = ports
  if (step !== 'approve' && step !== 'step-up') return back(ctx, login)
  if (wish === 'phone') await loginApproval.choose(login, true)
  if (wish === 'pin') await loginApproval.choose(login, false)
  if (wish === 'deny') {
    await loginApproval.withdraw(login)
    return goOn(ctx, ports, await ports.login.cancel(login))
  }
  if (wish === 'again') {
    const refused = await asked(ctx, ports, login)
    if (refused !== undefined) return show(ctx, ports, { login, state: refused })
  }
  back(ctx, login)
}

/** Takes up what there is; asks where nobody was asked yet. */
async function shown(ctx: Context, ports: ApprovePorts, login: LoginTransaction): Promise<void> {
  const waiting = await ports.loginApproval.state(login)
  if (waiting.kind === 'approved') return goOn(ctx, ports, waiting.login)
  if (waiting.kind === 'refused') return refuse(ctx, ports, { login, code: waiting.code })
  if (waiting.kind === 'unasked' && !waiting.lapsed) {
    const refused = await asked(ctx, ports, login)
    return refused === undefined ? back(ctx, login, '/approve') : show(ctx, ports, { login, state: refused })
  }
  await show(ctx, ports, { login, state: stateOfPage(waiting) })
}

const stateOfPage = (waiting: Waiting): ApproveState =>
  waiting.kind === 'waiting'
    ? { kind: 'waiting', number: waiting.approval.number, until: waiting.approval.expiresAt }
    : { kind: 'unasked' }

/** Undefined when the phone was asked; else why not. */
async function asked(
  ctx: Context,
  ports: ApprovePorts,
  login: LoginTransaction,
): Promise<ApproveState | undefined> {
  try {
    await ports.loginApproval.ask(tenantOf(ctx).institution, login, placeOf(ctx))
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal) || !error.code.startsWith('approval.')) throw error
    const { language } = askingOf(ctx, login.languages)
    return { kind: 'unasked', why: { words: wordsOf(language, error.code).happened, code: error.code } }
  }
}

/** From where the browser asks, as we see it. */
const placeOf = (ctx: Context): ApprovalPlace => ({ address: stateOf(ctx).clientAddress })

interface Show {
  readonly login: LoginTransaction
  readonly state: ApproveState
}

async function show(ctx: Context, ports: ApprovePorts, { login, state }: Show): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const step = nextStep(login)
  const nonce = ports.chance.token(16)
  const view = {
    ...question,
    transaction: shownOf(login, question),
    pinHere: step.step === 'approve' && pinCan(login, step.acr),
    ...{ state, nonce, action: action('approve'), asks: action('approve/state') },
  }
  pageOf(ctx, login, { html: approvePage(view), nonce })
}
