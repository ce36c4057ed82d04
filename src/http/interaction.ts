// The dispatcher: one address a sign-in, at which the pure `nextStep` says what the customer sees.
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { isAnswered, type LoginTransaction, phoneCan } from '../domain/login.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { type Display, displayOf } from '../domain/transaction-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Login } from '../flows/login.ts'
import type { StepUp } from '../flows/step-up.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { UpstreamDeparture } from '../ports/connector.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Directory, RateBucket, RateLimits } from '../ports/stores.ts'
import { readForm } from './body.ts'
import { bindBrowser, browserOf, checkForm, formToken } from './browser.ts'
import { stateOf, tenantOf } from './context.ts'
import { consentPage, permissionsOf } from './page/consent.ts'
import { noticePage } from './page/notice.ts'
import { type PinState, pinPage } from './page/pin.ts'
import { postFormPage } from './page/post-form.ts'
import { askingOf } from './page-context.ts'
import type { InteractionEnd, OidcGate } from './provider-port.ts'
import { formActionOf, pageHeaders } from './security-headers.ts'
import { oauthErrorOf } from './words/codes.ts'

export interface InteractionPorts {
  readonly directory: Directory
  readonly login: Login
  readonly stepUp: StepUp
  readonly oidc: OidcGate
  readonly keys: KeyStore
  readonly rateLimits: RateLimits
  readonly clock: Clock
  readonly chance: Chance
  readonly formBytes: number
}

/** Counts one; refuses with `rate.exceeded` when the budget is used up. */
export async function withinRate(limits: RateLimits, bucket: RateBucket, key: string): Promise<void> {
  const { allowed, retryAfterSeconds } = await limits.take(bucket, key)
  if (!allowed) throw new Refusal('rate.exceeded', { bucket, retryAfterSeconds })
}

export function interactionRoutes(router: Router, ports: InteractionPorts): void {
  router.get('/interaction/:uid', async (ctx) => {
    const login = await visited(ctx, ports)
    await show(ctx, ports, login)
  })
  router.post('/interaction/:uid/pin', (ctx) =>
    answered(ctx, ports, {
      question: 'step-up',
      take: async ({ login, form }) => {
        await withinRate(ports.rateLimits, 'pin', `${login.institution}|${login.uid}`)
        return form.get('do') === 'deny'
          ? ports.login.cancel(login)
          : tryPin(ctx, ports, { login, pin: form.get('pin') ?? '' })
      },
    }),
  )
  router.post('/interaction/:uid/consent', (ctx) =>
    answered(ctx, ports, {
      question: 'consent',
      take: ({ login, form }) => {
        const answer = form.get('do')
        return ports.login.consent(login, answer === 'allow' || answer === 'approve')
      },
    }),
  )
}

type Posted = Awaited<ReturnType<typeof posted>>

interface Answering {
  readonly question: 'step-up' | 'consent'
  /** Takes the answer; undefined when it was answered by a page of its own. */
  readonly take: (posted: Posted) => Promise<LoginTransaction | undefined>
}

/**
 * Browsers send a form once a press, and drop the way that the press before was on. So the second press of a button is
 * led to where the first one led, whether it comes after it or at the same time.
 */
async function answered(ctx: Context, ports: InteractionPorts, { question, take }: Answering): Promise<void> {
  const given = await posted(ctx, ports)
  if (isAnswered(given.login, question)) return again(ctx, ports, given.login)
  try {
    const next = await take(given)
    if (next) await goOn(ctx, ports, next)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'interaction.finished') throw error
    const login = await own(ctx, ports)
    if (!isAnswered(login, question)) throw error
    await again(ctx, ports, login)
  }
}

async function again(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  if (login.outcome === 'open') return back(ctx, login)
  const to = await ports.oidc.again(ctx, tenantOf(ctx), login.uid)
  if (to === undefined) return showDone(ctx, login)
  leave(ctx, to)
}

/** The sign-in that the address names; what is refused here concerns its app and customer, whoever asks. */
function concerned(ctx: Context, { login }: InteractionPorts): string {
  const uid = ctx.params.uid as string
  stateOf(ctx).concerns = () => login.concerns(tenantOf(ctx).institution.id, uid)
  return uid
}

/** The record, if this browser began it: by the provider's cookie, and by ours once it has been upstream. */
async function own(ctx: Context, ports: InteractionPorts): Promise<LoginTransaction> {
  const tenant = tenantOf(ctx)
  const uid = concerned(ctx, ports)
  if (!(await ports.oidc.holds(ctx, tenant, uid))) throw new Refusal('interaction.foreign', { uid })
  const login = await ports.login.of(tenant.institution.id, uid, browserOf(ctx, tenant))
  stateOf(ctx).reference = login.reference
  ctx.set('X-Request-Reference', login.reference)
  return login
}

/** The record for a page or question of its browser. */
export async function visited(ctx: Context, ports: InteractionPorts): Promise<LoginTransaction> {
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  return own(ctx, ports)
}

export async function posted(ctx: Context, ports: InteractionPorts) {
  const tenant = tenantOf(ctx)
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const uid = concerned(ctx, ports)
  const form = await readForm(ctx, ports.formBytes)
  checkForm(ctx, tenant, {
    given: form.get('form_token'),
    expected: tokenFor(ports, tenant.institution.id, uid),
  })
  return { login: await own(ctx, ports), form }
}

const tokenFor = ({ keys }: InteractionPorts, institution: string, uid: string): string =>
  formToken(keys.secret(institution, 'form-token'), uid)

/** After a form: the end of the sign-in at once, or back to the dispatcher by GET, so that reloading repeats nothing. */
export async function goOn(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  const { step } = ports.login.next(login)
  if (step === 'finish' || step === 'refuse') await show(ctx, ports, login)
  else back(ctx, login)
}

export function back(ctx: Context, login: LoginTransaction, page = ''): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(`${tenantOf(ctx).prefix}/interaction/${login.uid}${page}`)
}

async function show(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  const step = ports.login.next(login)
  switch (step.step) {
    case 'choose':
      // A page of its own: whoever comes back to it from the IdP may choose another.
      return back(ctx, login, '/choose')
    case 'upstream':
    case 'raise':
      return goUpstream(ctx, ports, login)
    case 'collect':
      return back(ctx, login, '/signals')
    case 'assess':
      return show(ctx, ports, await ports.login.assess(tenantOf(ctx).institution, login))
    case 'decide':
      return show(ctx, ports, await ports.login.decide(tenantOf(ctx).institution, login))
    case 'approve':
      // A page of its own: it changes by itself when the answer comes.
      return back(ctx, login, '/approve')
    case 'sign':
      return back(ctx, login, '/signatories')
    case 'code':
      return back(ctx, login, '/code')
    case 'challenge':
      return back(ctx, login, '/challenge')
    case 'step-up':
      return showPin(ctx, ports, { login, state: { kind: 'ask' } })
    case 'consent':
      return showConsent(ctx, ports, login)
    case 'finish':
      return finish(ctx, ports, login)
    case 'refuse':
      return refuse(ctx, ports, { login, code: step.code })
    case 'done':
      return showDone(ctx, login)
  }
}

async function goUpstream(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  const tenant = tenantOf(ctx)
  const browserHash = login.browserHash ?? bindBrowser(ctx, tenant, ports.chance)
  const departure = await ports.login.goUpstream(tenant.institution, login, browserHash)
  ctx.set('Cache-Control', 'no-store')
  if (departure.kind === 'post') return passOn(ctx, ports, { login, departure })
  ctx.status = 303
  ctx.redirect(departure.url)
}

/** A page whose form sends itself to the IdP; with a button where scripts are off (ruling R-14). */
async function passOn(ctx: Context, { directory, chance }: InteractionPorts, { login, departure }: PassOn) {
  const { institution, issuer } = tenantOf(ctx)
  const connection = await directory.connection(institution.id, login.connection ?? '')
  const nonce = chance.token(16)
  const formActions = [new URL(departure.url).origin]
  ctx.set(pageHeaders({ formActions, nonce, https: issuer.startsWith('https:') }))
  ctx.type = 'html'
  ctx.body = postFormPage({
    ...askingOf(ctx, login.languages),
    action: departure.url,
    fields: departure.fields,
    to: connection?.name ?? institution.name,
    nonce,
  })
}

async function finish(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  const code = await ports.login.frozen(login)
  if (code !== undefined) return refuse(ctx, ports, { login, code })
  if (await ports.login.finish(tenantOf(ctx).institution, login))
    await end(ctx, ports, { kind: 'finished', login })
  else showDone(ctx, login)
}

/** Ends the sign-in with this code: the app is told. */
export async function refuse(
  ctx: Context,
  ports: InteractionPorts,
  { login, code }: { login: LoginTransaction; code: RefusalCode },
): Promise<void> {
  if (login.outcome === 'open') await ports.login.refuse(login, new Refusal(code, { uid: login.uid }))
  await end(ctx, ports, { kind: 'refused', error: oauthErrorOf(code), description: code })
}

async function end(ctx: Context, ports: InteractionPorts, outcome: InteractionEnd): Promise<void> {
  leave(ctx, await ports.oidc.end(ctx, tenantOf(ctx), outcome))
}

function leave(ctx: Context, to: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(to)
}

/** With a nonce the page's own script runs, and asks us how things stand. */
export function pageOf(ctx: Context, login: LoginTransaction, shown: string | ScriptedPage): void {
  const https = tenantOf(ctx).issuer.startsWith('https:')
  const { html, nonce } = typeof shown === 'string' ? { html: shown, nonce: undefined } : shown
  const formActions = [formActionOf(login.redirectUri)]
  ctx.set(pageHeaders({ formActions, https, nonce, asksUs: nonce !== undefined }))
  ctx.type = 'html'
  ctx.body = html
}

interface ScriptedPage {
  readonly html: string
  readonly nonce: string
}

interface PassOn {
  readonly login: LoginTransaction
  readonly departure: Extract<UpstreamDeparture, { kind: 'post' }>
}

interface PinShow {
  readonly login: LoginTransaction
  readonly state: PinState
}

export async function questionOf(ctx: Context, ports: InteractionPorts, login: LoginTransaction) {
  const { institution, prefix } = tenantOf(ctx)
  const relyingParty = await ports.directory.relyingParty(institution.id, login.relyingParty)
  return {
    ...askingOf(ctx, login.languages),
    reference: login.reference,
    institution,
    relyingParty: relyingParty?.name ?? login.relyingParty,
    action: (form: string) => `${prefix}/interaction/${login.uid}/${form}`,
    hidden: { form_token: tokenFor(ports, institution.id, login.uid) },
  }
}

interface Shown {
  readonly institution: Institution
  readonly language: Language
}

/** The transaction in the words of the page. */
export function shownOf(
  { transaction }: LoginTransaction,
  { institution, language }: Shown,
): Display | undefined {
  if (transaction === undefined) return undefined
  return displayOf(transaction, typeNamed(typesOf(institution), transaction.type), language)
}

async function showPin(ctx: Context, ports: InteractionPorts, { login, state }: PinShow): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const digits = question.institution.pin.length
  const transaction = shownOf(login, question)
  const elsewhere = phoneCan(login) ? action('approve') : undefined
  const view = { ...question, digits, transaction, answerBy: login.expiresAt, state, elsewhere }
  pageOf(ctx, login, pinPage({ ...view, action: action('pin') }))
}

async function coreNames(
  { directory }: InteractionPorts,
  login: LoginTransaction,
): Promise<Map<string, string>> {
  const ids = login.scope
    .filter((scope) => scope.startsWith('core:'))
    .map((scope) => scope.slice('core:'.length))
  const cores = await Promise.all(ids.map((id) => directory.core(login.institution, id)))
  return new Map(cores.flatMap((core) => (core === undefined ? [] : [[core.id, core.name] as const])))
}

async function showConsent(ctx: Context, ports: InteractionPorts, login: LoginTransaction): Promise<void> {
  const { action, ...question } = await questionOf(ctx, ports, login)
  const view = {
    ...question,
    permissions: permissionsOf(login.scope, await coreNames(ports, login)),
    transaction: shownOf(login, question),
    returnsTo: formActionOf(login.redirectUri),
    again: login.consent === 'confirm',
  }
  pageOf(ctx, login, consentPage({ ...view, action: action('consent') }))
}

function showDone(ctx: Context, login: LoginTransaction): void {
  pageOf(ctx, login, noticePage({ ...askingOf(ctx, login.languages), kind: 'finished' }))
}

/** A wrong PIN is answered by the same page with what is left; a lock says until when. */
async function tryPin(
  ctx: Context,
  ports: InteractionPorts,
  { login, pin }: { login: LoginTransaction; pin: string },
): Promise<LoginTransaction | undefined> {
  try {
    const { language } = askingOf(ctx, login.languages)
    return await ports.stepUp.tryPin(tenantOf(ctx).institution, login, { pin, language })
  } catch (error) {
    const state = error instanceof Refusal ? pinStateOf(error) : undefined
    if (!state) throw error
    await showPin(ctx, ports, { login, state })
    ctx.status = state.kind === 'locked' ? 423 : 400
    return undefined
  }
}

function pinStateOf({ code, detail }: Refusal): PinState | undefined {
  if (code === 'pin.wrong') return { kind: 'wrong', left: Number(detail.left) }
  if (code === 'pin.locked') return { kind: 'locked', until: Number(detail.until) }
  if (code === 'pin.format') return { kind: 'format' }
  return undefined
}
