// The step of a sign-in that asks for a code from a text message.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { codeDigits } from '../domain/code-text.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { SmsCodes } from '../flows/sms-code.ts'
import { tenantOf } from './context.ts'
import {
  back,
  goOn,
  type InteractionPorts,
  pageOf,
  posted,
  questionOf,
  shownOf,
  visited,
  withinRate,
} from './interaction.ts'
import { type CodeFault, codePage } from './page/code.ts'
import { askingOf } from './page-context.ts'

export interface CodePorts extends InteractionPorts {
  readonly smsCodes: SmsCodes
}

export function codeRoutes(router: Router, ports: CodePorts): void {
  router.get('/interaction/:uid/code', async (ctx) => {
    const login = await visited(ctx, ports)
    if (nextStep(login).step !== 'code') return back(ctx, login)
    const { language } = askingOf(ctx, login.languages)
    const sent = login.code ? login : await ports.smsCodes.first(tenantOf(ctx).institution, login, language)
    if (nextStep(sent).step !== 'code') return goOn(ctx, ports, sent)
    await show(ctx, ports, { login: sent, fault: undefined })
  })
  router.post('/interaction/:uid/code', async (ctx) => {
    const { login, form } = await posted(ctx, ports)
    if (nextStep(login).step !== 'code') return back(ctx, login)
    await withinRate(ports.rateLimits, 'pin', `${login.institution}|${login.uid}`)
    const wish = form.get('do')
    if (wish === 'deny') return goOn(ctx, ports, await ports.login.cancel(login))
    await answered(ctx, ports, { login, code: wish === 'again' ? undefined : (form.get('code') ?? '') })
  })
}

interface Answered {
  readonly login: LoginTransaction
  /** Undefined: a new one is wanted. */
  readonly code: string | undefined
}

const faults: Readonly<Partial<Record<string, CodeFault>>> = {
  'code.wrong': 'wrong',
  'code.expired': 'expired',
  'code.too_many': 'later',
}

async function answered(ctx: Context, ports: CodePorts, { login, code }: Answered): Promise<void> {
  const { institution } = tenantOf(ctx)
  const { language } = askingOf(ctx, login.languages)
  try {
    if (code === undefined) {
      const sent = await ports.smsCodes.send(institution, login, language)
      if (nextStep(sent).step !== 'code') return await goOn(ctx, ports, sent)
      return back(ctx, sent, '/code')
    }
    await goOn(ctx, ports, await ports.smsCodes.check(institution, login, { code, language }))
  } catch (error) {
    // Of two presses at once the first was heard: the second is led to where that one led.
    if (error instanceof Refusal && error.code === 'interaction.step') return back(ctx, login)
    const fault = error instanceof Refusal ? faults[error.code] : undefined
    if (fault === undefined) throw error
    await show(ctx, ports, { login, fault })
    ctx.status = 400
  }
}

interface Show {
  readonly login: LoginTransaction
  readonly fault: CodeFault | undefined
}

async function show(ctx: Context, ports: CodePorts, { login, fault }: Show): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const transaction = shownOf(login, question)
  if (transaction === undefined) throw new Refusal('interaction.step', { uid: login.uid })
  const answerBy = login.code?.expiresAt ?? login.expiresAt
  const view = { ...question, digits: codeDigits, transaction, answerBy, fault, action: action('code') }
  pageOf(ctx, login, codePage(view))
}
