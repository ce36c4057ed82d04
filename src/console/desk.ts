// Where console pages are hung up: every one of them knows who is there and what they may do before it is asked anything.
import type Router from '@koa/router'
import type { Context } from 'koa'
import {
  actorOf,
  isProven,
  type Permission,
  permits,
  recentSeconds,
  type Visitor,
} from '../domain/administrator.ts'
import type { BreakGlassUse } from '../domain/break-glass.ts'
import type { Institution } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { BreakGlass } from '../flows/break-glass.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import { readForm, readUpload } from '../http/body.ts'
import { checkForm, formToken } from '../http/browser.ts'
import { stateOf, tenantOf } from '../http/context.ts'
import { giveFile } from '../http/evidence.ts'
import { withinRate } from '../http/interaction.ts'
import type { Tenant } from '../http/tenant.ts'
import type { Clock } from '../ports/clock.ts'
import type { Actor } from '../ports/connections.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { sessionCookie } from './cookies.ts'
import { type ConsoleView, showConsole } from './page.ts'
import { type Leaving, leaveForIdp } from './to-idp.ts'

export interface DeskPorts {
  readonly consoleAccess: ConsoleAccess
  readonly breakGlass: BreakGlass
  readonly keys: Pick<KeyStore, 'secret'>
  readonly rateLimits: RateLimits
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly consoleFormBytes: number
}

/** One request of somebody who may make it. */
export interface Visit {
  readonly ctx: Context
  readonly tenant: Tenant
  readonly institution: Institution
  readonly visitor: Visitor
  /** Goes into every form of the page, as `form_token`. */
  readonly formToken: string
  /** Uses of break-glass that this person has not said to know: the frame of the page tells of them. */
  readonly untold: readonly BreakGlassUse[]
  /** An address of the console: `path('/connections')`. */
  path(below: string): string
  may(permission: Permission): boolean
  /** For the history: who, and why in their words. */
  actor(why?: string): Actor
  /** Has the person proven themselves within the last five minutes? */
  readonly recent: boolean
  /** The same, or there is nothing to sign in by again: a session of the first link, or of a passkey. */
  readonly proven: boolean
}

export type Form = ReadonlyMap<string, string>

export interface Desk {
  /** A page. What the flows refuse as unknown is a 404 here, and audited: nobody learns what another institution has. */
  page(path: string, needs: Permission, show: (visit: Visit) => Promise<ConsoleView>): void
  /** A file to keep, which no browser and nobody on the way does by itself. */
  download(path: string, needs: Permission, make: (visit: Visit) => Promise<Download>): void
  /**
   * A form: resolves with the path below `/console` to go to (303), with a view to show instead, or with the way to an
   * IdP. Only our own page can post it (attack 198).
   */
  form(path: string, needs: Permission, act: Act): void
  /** A form that may bring a file along. */
  upload(path: string, needs: Permission, act: Act): void
}

export interface Download {
  /** Of letters, digits, dots and hyphens. */
  readonly name: string
  readonly json: string
}

export type Next = string | ConsoleView | Leaving
export type Act = (visit: Visit, form: Form) => Promise<Next>

/** How a refusal is told within the console; undefined where the page of everybody tells it. */
export type RefusedView = (visit: Visit, refusal: Refusal) => ConsoleView | undefined

interface HangingPorts extends DeskPorts {
  readonly refused: RefusedView
}

export function createDesk(router: Router, ports: HangingPorts): Desk {
  return {
    page: (path, needs, show) => {
      hangPage(router, ports, {
        path,
        needs,
        show: async (visit) => showConsole(visit.ctx, await show(visit), visit),
      })
    },
    download: (path, needs, make) =>
      hangPage(router, ports, {
        ...{ path, needs },
        show: async (visit) => {
          const { name, json } = await make(visit)
          visit.ctx.set('Content-Disposition', `attachment; filename="${name}"`)
          giveFile(visit.ctx, json)
        },
      }),
    form: (path, needs, act) => hangForm(router, ports, { path, needs, act, read: readForm }),
    upload: (path, needs, act) => hangForm(router, ports, { path, needs, act, read: readUpload }),
  }
}

interface HungPage {
  readonly path: string
  readonly needs: Permission
  readonly show: (visit: Visit) => Promise<void>
}

function hangPage(router: Router, ports: HangingPorts, { path, needs, show }: HungPage): void {
  router.get(`/console${path}`, async (ctx) => {
    const visit = await entered(ctx, ports)
    if (visit === undefined) return signInFirst(ctx)
    await held(ports, visit, async () => {
      readable(ctx)
      permit(visit, needs)
      await show(visit)
    })
  })
}

interface HungForm {
  readonly path: string
  readonly needs: Permission
  readonly act: Act
  readonly read: typeof readForm
}

function hangForm(router: Router, ports: HangingPorts, { path, needs, act, read }: HungForm): void {
  router.post(`/console${path}`, async (ctx) => {
    const visit = await entered(ctx, ports)
    stateOf(ctx).startAgain = `${tenantOf(ctx).issuer}/console/sign-in`
    if (visit === undefined) throw new Refusal('console.signed_out')
    await held(ports, visit, async () => {
      const form = await read(ctx, ports.consoleFormBytes)
      readable(ctx, form)
      checkForm(ctx, visit.tenant, { given: form.get('form_token'), expected: visit.formToken })
      permit(visit, needs)
      const next = await act(visit, form)
      if (typeof next === 'string') seeOther(ctx, visit.path(next))
      else if ('departure' in next) leaveForIdp(ctx, next)
      else showConsole(ctx, next, visit)
    })
  })
}

async function entered(ctx: Context, ports: DeskPorts): Promise<Visit | undefined> {
  const tenant = tenantOf(ctx)
  const { institution } = tenant
  await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
  const cookie = sessionCookie(ctx, tenant)
  const visitor = await ports.consoleAccess.visitor(institution.id, cookie)
  if (visitor === undefined) return undefined
  const age = ports.clock.now() - visitor.authenticatedAt
  return {
    ctx,
    tenant,
    institution,
    visitor,
    untold: await ports.breakGlass.untold(visitor),
    formToken: formToken(ports.keys.secret(institution.id, 'form-token'), `console|${cookie}`),
    path: (below) => `${tenant.prefix}/console${below}`,
    may: (permission) => permits(visitor, permission),
    actor: (why = '') => ({ by: actorOf(visitor), why }),
    recent: age <= recentSeconds * 1000,
    proven: isProven(visitor, ports.clock.now()),
  }
}

// A document is never kept as the text that it is: what is wrong with it is said beside it, and the rest of the form stays.
const documents: ReadonlySet<string> = new Set(['document', 'file'])

/** No text of PostgreSQL holds U+0000: what has one is nobody's name, and would be an error of ours (attack 205). */
function readable({ params, query }: Context, form: Form = new Map()): void {
  const typed = [...form].filter(([name]) => !documents.has(name))
  const said = [Object.values({ ...params, ...query }), typed].flat(2)
  if (said.some((text) => String(text).includes('\u0000')))
    throw new Refusal('request.malformed', { text: false })
}

function permit({ visitor }: Visit, needs: Permission): void {
  if (!permits(visitor, needs)) throw new Refusal('console.forbidden', { needs, roles: visitor.roles })
}

const unknown: ReadonlySet<string> = new Set([
  'connection.unknown',
  'request.not_found',
  'subject.unknown',
  'evidence.unknown',
])

/** What is refused in the console is recorded with who tried; what is not there, or not theirs, is simply not there. */
async function held(
  { audit, refused }: HangingPorts,
  visit: Visit,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'busy') throw error
    const { code } = error
    const detail = { by: actorOf(visit.visitor) }
    audit.record({ type: 'console.refused', outcome: 'refused', code, detail })
    const told = unknown.has(code) ? new Refusal('request.not_found', { cause: code }) : error
    const state = stateOf(visit.ctx)
    const view = state.face === 'page' ? refused(visit, told) : undefined
    if (view !== undefined) state.tell = (ctx) => showConsole(ctx, view, visit)
    throw told
  }
}

/** Back to the page that was asked for, once it is known who asks. */
function signInFirst(ctx: Context): void {
  const then = `${ctx.path}${ctx.search}`
  seeOther(ctx, `${tenantOf(ctx).prefix}/console/sign-in?then=${encodeURIComponent(then)}`)
}

export function seeOther(ctx: Context, to: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(to)
}

// The columns of versions are integers of PostgreSQL.
const highestVersion = 2 ** 31 - 1

/** The version that the person had before their eyes. Refuses with `request.malformed` what is none. */
export function versionIn(form: Form): number {
  const text = form.get('version') ?? ''
  const version = Number(text)
  if (!/^\d+$/.test(text) || version > highestVersion)
    throw new Refusal('request.malformed', { version: false })
  return version
}

/** Signs in once more and comes back to this page; the step is then taken by its button again. */
export const signInAgain = (then: string): string =>
  `/sign-in?fresh=yes&then=${encodeURIComponent(`/console${then}`)}`
