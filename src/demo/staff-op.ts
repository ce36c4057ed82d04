// The demo bank's OpenID provider, "Alder Staff": the directory of those who work there, with sign-out in every direction.
import { generateKeyPair, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { readForm } from './forms.ts'
import { staffClient, staffConnection, staffIssuer } from './institution.ts'
import { createStaffMemory } from './staff-memory.ts'
import { showFault, showLogin, showSignedOut, showSignOut } from './staff-pages.ts'

export interface Member {
  readonly password: string
  readonly name: string
  readonly email: string
}

/** Shown on the login page: this is a demo. */
export const staff: Readonly<Record<string, Member>> = {
  marta: { password: 'marta-pw', name: 'Marta Oja', email: 'marta.oja@alder.example' },
  jaan: { password: 'jaan-pw', name: 'Jaan Rebane', email: 'jaan.rebane@alder.example' },
}

export interface StaffOptions {
  readonly world: string
  /** The institution's issuer at the bridge. */
  readonly issuer: string
}

const prefix = '/staff'

/** Everything below `/staff`. The provider is made at the first request: a demo that nobody's staff signs in to pays nothing. */
export function staffRoutes(router: Router, options: StaffOptions): void {
  let made: Promise<Provider> | undefined
  const provider = () => {
    made ??= createProvider(options)
    return made
  }
  const ask = (ctx: Context, uid: string, fault?: string) =>
    showLogin(ctx, { action: `${prefix}/interaction/${uid}`, fault, bridge: options.issuer })
  router.get(`${prefix}/interaction/:uid`, async (ctx) => {
    const { uid } = await (await provider()).interactionDetails(ctx.req, ctx.res)
    ask(ctx, uid)
  })
  router.post(`${prefix}/interaction/:uid`, async (ctx) => {
    const wrong = await signIn(ctx, await provider())
    if (wrong !== undefined) ask(ctx, wrong, 'That name and password don’t match.')
  })
  router.all(`${prefix}/{*rest}`, async (ctx) => {
    const op = await provider()
    // As the bridge's own gate does it: the provider finds its addresses by `baseUrl`.
    const request = ctx.req as typeof ctx.req & { baseUrl?: string }
    ctx.respond = false
    request.baseUrl = prefix
    request.url = (request.url ?? '').slice(prefix.length)
    await op.callback()(ctx.req, ctx.res)
  })
}

/** Resolves with the interaction where the password was wrong; else the browser is already on its way. */
async function signIn(ctx: Context, provider: Provider): Promise<string | undefined> {
  const { uid } = await provider.interactionDetails(ctx.req, ctx.res)
  const form = await readForm(ctx)
  const user = form.get('username') ?? ''
  const cancelled = form.get('do') === 'cancel'
  if (!cancelled && !(Object.hasOwn(staff, user) && staff[user]?.password === form.get('password'))) {
    ctx.status = 401
    return uid
  }
  const result = cancelled ? { error: 'access_denied' } : { login: { accountId: user, amr: ['pwd'] } }
  ctx.respond = false
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false })
  return undefined
}

async function createProvider(options: StaffOptions): Promise<Provider> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'staff-1', alg: 'RS256', use: 'sig' }
  return new Provider(staffIssuer(options.world), configuration(options, key as never))
}

function configuration({ issuer }: StaffOptions, key: never): Configuration {
  const cookie = { signed: true, httpOnly: true, sameSite: 'lax', path: prefix } as const
  return {
    adapter: createStaffMemory(),
    clients: [bridgeClient(issuer)],
    jwks: { keys: [key] },
    responseTypes: ['code'],
    clientAuthMethods: ['private_key_jwt'],
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: { session: 'staff_session', interaction: 'staff_interaction', resume: 'staff_resume' },
      long: cookie,
      short: cookie,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => showSignOut(ctx, { form, ask: !isHinted(ctx), bridge: issuer }),
        postLogoutSuccessSource: (ctx) => showSignedOut(ctx),
      },
    },
    interactions: { url: (_ctx, { uid }) => `${prefix}/interaction/${uid}` },
    findAccount: (_ctx, id) => accountOf(id),
    // The bank's own service: nobody is asked whether it may know whom it employs.
    loadExistingGrant: (ctx) => grantFor(ctx),
    renderError: (ctx, { error }) => showFault(ctx, String(error)),
    // The library refuses to speak to loopback addresses, and the whole demo is on one.
    fetch: (url, request) => fetch(url, { ...request, dispatcher: undefined } as RequestInit),
    ttl: { Session: 8 * 3600, Grant: 8 * 3600, Interaction: 1800, AccessToken: 600, IdToken: 600 },
  }
}

/** What an administrator would register: where the bridge answers, and how it proves itself. */
function bridgeClient(issuer: string) {
  const base = `${issuer}/oidc/${staffConnection}`
  return {
    client_id: staffClient,
    client_name: 'Drawbridge',
    redirect_uris: [`${base}/callback`],
    post_logout_redirect_uris: [`${base}/signed-out`],
    backchannel_logout_uri: `${base}/backchannel-logout`,
    backchannel_logout_session_required: true,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'RS256',
    jwks_uri: `${base}/jwks.json`,
    require_auth_time: true,
    response_types: ['code'],
    grant_types: ['authorization_code'],
  } as const satisfies Record<string, unknown> as never
}

async function accountOf(id: string) {
  const member = Object.hasOwn(staff, id) ? staff[id] : undefined
  if (member === undefined) return undefined
  const { name, email } = member
  return { accountId: id, claims: async () => ({ sub: id, name, email, email_verified: true }) }
}

async function grantFor(ctx: KoaContextWithOIDC) {
  const { Grant } = ctx.oidc.provider
  const grant = new Grant({ clientId: ctx.oidc.client?.clientId, accountId: ctx.oidc.session?.accountId })
  grant.addOIDCScope('openid profile email')
  await grant.save()
  return grant
}

/** An ID token of this very session: it is the service where the person has just said that they want to leave. */
function isHinted({ oidc }: KoaContextWithOIDC): boolean {
  const { payload } = (oidc.entities.IdTokenHint ?? {}) as { payload?: { sub?: string } }
  return payload?.sub !== undefined && payload.sub === oidc.session?.accountId
}
