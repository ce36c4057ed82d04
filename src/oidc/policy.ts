// Which interactions an authorization needs: a login, a stronger login, consent. All three are one visit for the customer.
import type { KoaContextWithOIDC } from 'oidc-provider'
import { interactionPolicy } from 'oidc-provider'
import { meets, type Need } from '../domain/acr.ts'
import { asksConsentEachTime } from '../domain/institution.ts'
import { hashOfRequest, type LevelPorts, levelOf, reached } from './levels.ts'
import { isDated, sessionConnection } from './session.ts'

export interface PolicyPorts extends LevelPorts {
  readonly needed: (ctx: KoaContextWithOIDC) => Promise<Need>
  /** The connections that the asking app offers. */
  readonly offered: (ctx: KoaContextWithOIDC) => Promise<readonly string[]>
}

const { Check, Prompt, base } = interactionPolicy

/**
 * The library's own prompts, changed as ruling R-22 says: essential acr leaves the login prompt (it loops there), a
 * step-up prompt stands between login and consent (RFC 9470), and consent is asked each time only of apps whose
 * redirect another app could claim.
 */
export function policy(ports: PolicyPorts) {
  const prompts = base()
  const login = prompts.get('login')
  login?.checks.remove('essential_acrs')
  login?.checks.remove('essential_acr')
  login?.checks.add(signedInWhereOffered(ports))
  login?.checks.add(ofKnownAge())
  const consent = prompts.get('consent')
  consent?.checks.remove('native_client_prompt')
  consent?.checks.add(consentEachTime())
  prompts.add(new Prompt({ name: 'step_up', requestable: false }, strongEnough(ports)), 1)
  return prompts
}

function strongEnough(ports: PolicyPorts) {
  return new Check(
    'level_not_reached',
    'a stronger authentication is needed',
    'unmet_authentication_requirements',
    async (ctx) => {
      // A transaction is decided on, and shown, each time: no session and no earlier sign-in speaks for it.
      const hash = hashOfRequest(ctx)
      if (hash !== undefined && levelOf(ctx)?.transaction !== hash) return Check.REQUEST_PROMPT
      const need = await ports.needed(ctx)
      if (need.acr === undefined) return Check.NO_NEED_TO_PROMPT
      return meets(await reached(ctx, ports), need) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
    },
  )
}

/** A session lends itself only to apps that offer the connection by which it began. */
function signedInWhereOffered({ offered }: PolicyPorts) {
  return new Check(
    'connection_not_offered',
    'the customer must sign in elsewhere',
    'login_required',
    async (ctx) => {
      const { session, result } = ctx.oidc
      if (session?.accountId === undefined || result?.login !== undefined) return Check.NO_NEED_TO_PROMPT
      const connection = sessionConnection(session)
      const good = connection !== undefined && (await offered(ctx)).includes(connection)
      return good ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
    },
  )
}

/** `max_age` is judged by when the IdP asked the customer; a session that does not know it is not younger than anything. */
function ofKnownAge() {
  return new Check('age_unknown', 'the customer must sign in again', 'login_required', ({ oidc }) => {
    const { params, session, result } = oidc
    if (params?.max_age === undefined || session?.accountId === undefined || result?.login !== undefined)
      return Check.NO_NEED_TO_PROMPT
    return isDated(session) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
  })
}

function consentEachTime() {
  return new Check('redirect_can_be_claimed', 'the customer must be asked', 'consent_required', (ctx) => {
    const redirectUri = String(ctx.oidc.params?.redirect_uri ?? '')
    const given = (ctx.oidc.result as { consent?: unknown } | undefined)?.consent !== undefined
    return asksConsentEachTime(redirectUri) && !given ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
  })
}
