// The way back from the bank's IdP: the cross-site POST is only received; our own GET, with our cookie, is believed.
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { LoginTransaction } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Login } from '../flows/login.ts'
import type { Answer } from '../flows/login-answer.ts'
import type { ProviderLogout } from '../flows/provider-logout.ts'
import { testPrefix } from '../flows/test-login.ts'
import type { Clock } from '../ports/clock.ts'
import type { Connectors } from '../ports/connector.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Directory, RateLimits } from '../ports/stores.ts'
import { readForm } from './body.ts'
import { browserOf } from './browser.ts'
import { stateOf, tenantOf } from './context.ts'
import { withinRate } from './interaction.ts'
import { markForFrames } from './provider-logout.ts'

export interface UpstreamPorts {
  readonly directory: Directory
  readonly answer: Answer
  readonly login: Login
  readonly connectors: Connectors
  readonly providerLogout: ProviderLogout
  readonly keys: KeyStore
  readonly rateLimits: RateLimits
  readonly clock: Clock
  readonly samlBytes: number
}

// What we send as RelayState is a uid; anything else is not ours and is dropped (attack 82).
const relayState = /^[\w-]{8,64}$/

// A test login goes another way from here on: nothing on it leads to a sign-in.
const wayFor = (given: string): string => (given.startsWith(testPrefix) ? 'test-login' : 'upstream')

export function upstreamRoutes(router: Router, ports: UpstreamPorts): void {
  router.post('/saml/:connection/acs', async (ctx) => {
    await withinRate(ports.rateLimits, 'acs', stateOf(ctx).clientAddress)
    const connection = await connectionOf(ctx, ports)
    const form = await readForm(ctx, ports.samlBytes)
    const payload = form.get('SAMLResponse')
    if (payload === undefined || payload === '')
      throw new Refusal('saml.malformed', {
        ...{ check: 'SAMLResponse', expected: 'a field of this name', actual: payload ?? '(none)' },
      })
    await received(ctx, ports, { connection: connection.id, given: form.get('RelayState') ?? '', payload })
  })
  // A top-level GET, which our cookie would come with; it goes the way of the form all the same, so that there is one way.
  router.get('/oidc/:connection/callback', async (ctx) => {
    await withinRate(ports.rateLimits, 'acs', stateOf(ctx).clientAddress)
    const connection = await connectionOf(ctx, ports)
    const state = new URLSearchParams(ctx.querystring).get('state') ?? ''
    const [given = ''] = state.split('.')
    if (ctx.querystring.length > longestQuery) throw new Refusal('oidc.callback', { check: 'length' })
    await received(ctx, ports, { connection: connection.id, given, payload: ctx.querystring })
  })
  router.get('/oidc/:connection/jwks.json', (ctx) => showMetadata(ctx, ports))
  router.get('/upstream/:handle', async (ctx) => {
    await withinRate(ports.rateLimits, 'interaction', stateOf(ctx).clientAddress)
    const tenant = tenantOf(ctx)
    try {
      const login = await ports.answer.complete(
        tenant.institution,
        ctx.params.handle as string,
        browserOf(ctx, tenant),
      )
      await prepareForFrames(ctx, ports, login)
      seeOther(ctx, `${tenant.prefix}/interaction/${login.uid}`)
    } catch (error) {
      if (error instanceof Refusal && declining.has(error.code)) return await turnedAway(ctx, ports, error)
      // The sign-in itself is still open where the answer was this browser's: it can be begun again.
      if (
        error instanceof Refusal &&
        typeof error.detail.uid === 'string' &&
        error.code !== 'upstream.foreign_browser'
      ) {
        stateOf(ctx).startAgain = `${tenant.issuer}/interaction/${error.detail.uid}`
      }
      throw error
    }
  })
  router.get('/saml/:connection/metadata', (ctx) => showMetadata(ctx, ports))
}

async function prepareForFrames(
  ctx: Context,
  { providerLogout, keys }: UpstreamPorts,
  { uid, connection }: LoginTransaction,
): Promise<void> {
  const tenant = tenantOf(ctx)
  if (connection !== undefined && (await providerLogout.takesFrames(tenant.institution, connection)))
    markForFrames(ctx, tenant, { keys, connection, login: uid })
}

const longestQuery = 8192

interface Received {
  readonly connection: string
  readonly given: string
  readonly payload: string
}

/** Keeps the answer, and leads the browser to where its own cookie is asked for. */
async function received(ctx: Context, { answer }: UpstreamPorts, { connection, given, payload }: Received) {
  const { institution, prefix } = tenantOf(ctx)
  const state = relayState.test(given) ? given : ''
  const { handle } = await answer.receive(institution.id, { connection, relayState: state, payload })
  seeOther(ctx, `${prefix}/${wayFor(given)}/${handle}`)
}

async function showMetadata(ctx: Context, ports: UpstreamPorts): Promise<void> {
  const connection = await connectionOf(ctx, ports)
  const metadata = await ports.connectors
    .of(tenantOf(ctx).institution, connection)
    .metadata(ports.clock.now())
  if (metadata === undefined) throw new Refusal('request.not_found')
  ctx.type = metadata.type
  ctx.body = metadata.body
}

const declining: ReadonlySet<string> = new Set(['saml.status', 'oidc.declined', 'upstream.too_weak'])

/**
 * The IdP said no, for the customer or by itself: the app hears `access_denied` rather than nothing. Where it only said
 * that it cannot give the level that we asked for, the sign-in goes on with what is left.
 */
async function turnedAway(ctx: Context, { login, answer }: UpstreamPorts, refusal: Refusal): Promise<void> {
  const { institution, prefix } = tenantOf(ctx)
  const uid = String(refusal.detail.uid)
  const mine = await login.of(institution.id, uid, browserOf(ctx, tenantOf(ctx)))
  if (refusal.code === 'upstream.too_weak' && mine.askedAcr !== undefined) await answer.notGiven(mine)
  else await login.cancel(mine)
  seeOther(ctx, `${prefix}/interaction/${uid}`)
}

async function connectionOf(ctx: Context, { directory }: UpstreamPorts) {
  const connection = await directory.connection(tenantOf(ctx).institution.id, ctx.params.connection as string)
  if (!connection) throw new Refusal('connection.unknown')
  return connection
}

function seeOther(ctx: Context, to: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(to)
}
