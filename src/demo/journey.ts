// The whole walk over HTTP without a browser: every step really checks what came back.
import { randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import { withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { enrolmentProofTyp } from '../domain/device.ts'
import type { Application } from '../ports/application.ts'
import { createApp, createBrowser, formIn, freshPin } from './app-client.ts'
import { apiId, closedAccount, demoId } from './institution.ts'
import { approvalSteps } from './journey-approvals.ts'
import { caseSteps } from './journey-cases.ts'
import { riskSteps, riskTable } from './journey-risk.ts'
import {
  api,
  call,
  expect,
  press,
  type RiskRow,
  redeem,
  type StepOf,
  signInAgain,
  signInAtIdp,
  transferBody,
  type Walk,
} from './journey-walk.ts'
import { large } from './payment.ts'
import type { World } from './run.ts'

export interface JourneyOptions {
  readonly application: Application
  readonly world: World
  readonly say: (text: string) => void
}

export interface JourneyReport {
  readonly ok: boolean
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly ms: number }[]
  /** What the bank's risk engines said of each event, and what came of it. */
  readonly risk: readonly RiskRow[]
}

const steps: Readonly<Record<string, StepOf>> = {
  discovery: async (walk) => {
    walk.app = await createApp({ issuer: walk.world.issuer, redirectUri: `${walk.world.url}/phone/callback` })
    const metadata = walk.app.config.serverMetadata()
    expect(metadata.pushed_authorization_request_endpoint, 'a PAR endpoint in the metadata')
    expect(metadata.dpop_signing_alg_values_supported?.includes('ES256'), 'DPoP in the metadata')
  },
  'pushed authorization request': async (walk) => {
    walk.started = await walk.app.begin()
    expect(new URL(walk.started.url).searchParams.get('request_uri'), 'a request_uri')
  },
  'SAML login': (walk) => signInAtIdp(walk, 'alice'),
  consent: async (walk) => {
    expect(
      walk.page.body.includes('name="form_token"'),
      `the consent page, not ${walk.page.status} at ${walk.page.url}`,
    )
    await press(walk, { do: 'allow' })
    expect(walk.page.returned, 'the way back to the app')
  },
  'code to tokens': async (walk) => {
    await redeem(walk)
    expect(
      walk.tokens.claims.acr === 'urn:drawbridge:acr:delegated',
      `acr delegated, not ${walk.tokens.claims.acr}`,
    )
    expect(walk.tokens.refreshToken, 'a refresh token')
  },
  userinfo: async (walk) => {
    const narrow = await walk.app.refresh(walk.tokens.refreshToken as string, { scope: 'openid profile' })
    const url = walk.app.config.serverMetadata().userinfo_endpoint as string
    const dpop = await walk.app.proof({ method: 'GET', url, accessToken: narrow.accessToken })
    const answer = await fetch(url, { headers: { authorization: `DPoP ${narrow.accessToken}`, dpop } })
    const claims = (await answer.json()) as { name?: string }
    expect(claims.name === 'Alice Alder', `Alice's name, not ${answer.status} ${JSON.stringify(claims)}`)
    walk.tokens = { ...walk.tokens, refreshToken: narrow.refreshToken }
  },
  'enrol device': async (walk) => {
    const { kty, crv, x, y } = walk.app.jwk
    const opened = await api(walk, 'POST', '/devices', {
      name: 'Journey phone',
      jwk: { kty, crv, x, y },
      pin: walk.pin,
    })
    expect(
      opened.status === 201 && opened.body.state === 'pending',
      `a pending device, not ${opened.status} ${opened.text}`,
    )
    walk.device = opened.body
    const claims = {
      nonce: walk.device.nonce,
      aud: walk.world.issuer,
      sub: walk.device.id,
      iat: Math.floor(Date.now() / 1000),
    }
    const proof = await walk.app.sign(claims, { typ: enrolmentProofTyp })
    const proven = await api(walk, 'POST', `/devices/${walk.device.id}/proof`, { proof })
    expect(
      proven.status === 200 && proven.body.state === 'active',
      `an active device, not ${proven.status} ${proven.text}`,
    )
    const again = await api(walk, 'POST', `/devices/${walk.device.id}/proof`, { proof })
    expect(again.status === 409, `a proof is good once, not ${again.status}`)
  },
  refresh: async (walk) => {
    const before = walk.tokens.refreshToken
    const next = await walk.app.refresh(before as string)
    expect(next.refreshToken !== before, 'a rotated refresh token')
    walk.tokens = next
  },
  'sign-in with the device': async (walk) => {
    await signInAgain(walk, {})
    expect(walk.tokens.claims.acr === withDevice, `acr device, not ${walk.tokens.claims.acr}`)
  },
  'small payment': async (walk) => {
    const answer = await call(walk, transferBody('25.00'))
    expect(
      answer.status === 200 && answer.text.includes('accepted'),
      `accepted, not ${answer.status} ${answer.text}`,
    )
  },
  'new payee refused': async (walk) => {
    const answer = await call(walk, transferBody('120.00'))
    expect(answer.status === 401, `what is new is approved first, not ${answer.status} ${answer.text}`)
  },
  'large payment refused': async (walk) => {
    const answer = await call(walk, transferBody('1240.00'))
    expect(answer.status === 401, `401, not ${answer.status} ${answer.text}`)
    expect(
      answer.challenge.includes('insufficient_user_authentication'),
      `an RFC 9470 challenge, not ${answer.challenge}`,
    )
    expect(answer.challenge.includes(withDeviceAndPin), `the level in the challenge, not ${answer.challenge}`)
  },
  'step-up by PIN': async (walk) => {
    const details = { acr_values: withDeviceAndPin, authorization_details: JSON.stringify([large]) }
    walk.started = await walk.app.begin(details)
    walk.page = await walk.browser.follow(walk.started.url, { until: walk.app.redirectUri })
    expect(walk.page.body.includes('name="pin"'), `the PIN page, not ${walk.page.status} at ${walk.page.url}`)
    expect(walk.page.body.includes('Nordhaven Energy'), 'the payee on the PIN page')
    const wrong = walk.pin === '135792' ? '135793' : '135792'
    await press(walk, { pin: wrong, do: 'approve' })
    expect(walk.page.status === 400, `a wrong PIN is told, not ${walk.page.status}`)
    await press(walk, { pin: walk.pin, do: 'approve' })
    await redeem(walk)
    expect(walk.tokens.claims.acr === withDeviceAndPin, `acr device-pin, not ${walk.tokens.claims.acr}`)
  },
  introspection: async (walk) => {
    const key = await importJWK(walk.world.apiKey, 'ES256')
    const assertion = await new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'alder-api-1' })
      .setIssuer(apiId)
      .setSubject(apiId)
      .setAudience(walk.world.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key)
    const body = new URLSearchParams({
      token: walk.tokens.accessToken,
      client_id: apiId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
    const answer = await fetch(walk.app.config.serverMetadata().introspection_endpoint as string, {
      method: 'POST',
      body,
    })
    const seen = (await answer.json()) as Record<string, unknown>
    expect(
      seen.active === true && seen.acr === withDeviceAndPin,
      `an active token, not ${JSON.stringify(seen)}`,
    )
    expect(typeof seen.transaction === 'string', 'the transaction hash')
  },
  'large payment': async (walk) => {
    const answer = await call(walk, transferBody('1240.00'))
    expect(
      answer.status === 200 && answer.text.includes('accepted'),
      `accepted, not ${answer.status} ${answer.text}`,
    )
  },
  'replay refused': async (walk) => {
    const proof = await call(walk, transferBody('1240.00'), walk.lastProof)
    expect(proof.status === 401, `a proof is good once, not ${proof.status}`)
    const second = await call(walk, transferBody('1240.00'))
    expect(
      second.text.includes('transaction.used'),
      `a transaction is good once, not ${second.status} ${second.text}`,
    )
  },
  'own limit': async (walk) => {
    await signInAgain(walk, { scope: 'openid offline_access device limits core:payments' })
    const limit = { kind: 'amount', per: 'payment', over: { EUR: '59.99' } }
    const set = await api(walk, 'PUT', '/limits', { version: 0, limits: [{ id: 'mine', threshold: limit }] })
    expect(set.status === 200 && set.body.version === 1, `a limit, not ${set.status} ${set.text}`)
    const over = await call(walk, transferBody('60.00'))
    expect(over.status === 401, `over the customer's limit, not ${over.status} ${over.text}`)
    const under = await call(walk, transferBody('59.00'))
    expect(under.status === 200, `under it, to a payee who is known now, not ${under.status} ${under.text}`)
    const looser = await api(walk, 'PUT', '/limits', { version: 1, limits: [] })
    expect(looser.status === 401, `no loosening without the PIN, not ${looser.status}`)
  },
  ...approvalSteps,
  ...riskSteps,
  ...caseSteps,
  'payment denied by policy': async (walk) => {
    const payment = { ...large, creditorAccount: { iban: closedAccount } }
    walk.started = await walk.app.begin({ authorization_details: JSON.stringify([payment]) })
    walk.page = await walk.browser.follow(walk.started.url, { until: walk.app.redirectUri })
    const answer = new URL(walk.page.returned ?? 'about:blank').searchParams
    expect(
      answer.get('error_description') === 'transaction.denied',
      `denied, not ${walk.page.status} ${answer}`,
    )
  },
  'sign-out': async (walk) => {
    const url = new URL(walk.app.config.serverMetadata().end_session_endpoint as string)
    url.searchParams.set('id_token_hint', walk.tokens.idToken as string)
    url.searchParams.set('post_logout_redirect_uri', `${walk.world.url}/phone/`)
    const asked = await walk.browser.follow(url.href, { until: `${walk.world.url}/phone/` })
    const form = formIn(asked)
    const done = await walk.browser.follow(form.action, {
      until: `${walk.world.url}/phone/`,
      form: { ...form.fields, logout: 'yes' },
    })
    expect(done.returned, `the way back, not ${done.status}`)
    const dead = await call(walk, transferBody('25.00'))
    expect(dead.status === 401, `a dead token, not ${dead.status}`)
    const gone = await walk.app.refresh(walk.tokens.refreshToken as string).then(
      () => 'refreshed',
      () => 'refused',
    )
    expect(gone === 'refused', 'a dead refresh token')
  },
  'audit verify': async (walk) => {
    const [report] = await walk.application.verifyAudit({ institution: demoId, since: undefined })
    expect(report?.ok, `a whole log, not ${JSON.stringify(report?.firstBad)}`)
    expect(report.events > 20, `the journey's events, not ${report.events}`)
  },
}

const isRisk = (name: string): boolean => Object.hasOwn(riskSteps, name)
const isCase = (name: string): boolean => Object.hasOwn(caseSteps, name)

/** What this world has: engines that hold something, and a console that nobody owns yet. */
const canWalk = ({ asksRisk, invitation }: World, name: string): boolean =>
  isCase(name) ? asksRisk && invitation !== undefined : asksRisk || !isRisk(name)

/**
 * Walks until a step fails; the rest then counts as not done. Where the bank asks no risk engines, nothing is to be seen of them,
 * and where the console has an owner already, nobody there releases what is held.
 */
export async function runJourney({ application, world, say }: JourneyOptions): Promise<JourneyReport> {
  const walk = {
    application,
    world,
    browser: createBrowser(),
    pin: freshPin(),
    risk: [] as RiskRow[],
  } as unknown as Walk
  const done: { name: string; ok: boolean; ms: number }[] = []
  const due = Object.entries(steps).filter(([name]) => canWalk(world, name))
  for (const [name, step] of due) {
    const started = performance.now()
    const fault = await step(walk).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
    )
    const ms = Math.round(performance.now() - started)
    done.push({ name, ok: fault === undefined, ms })
    say(`  ${fault === undefined ? 'ok    ' : 'FAILED'} ${name.padEnd(32)} ${String(ms).padStart(5)} ms\n`)
    if (fault !== undefined) {
      say(`         ${fault}\n`)
      break
    }
  }
  const ok = done.length === due.length && done.every((step) => step.ok)
  for (const line of riskTable(walk.risk)) say(`  ${line}\n`)
  return { ok, steps: done, risk: walk.risk }
}
