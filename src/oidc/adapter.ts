// The provider's storage over our token store: single use is atomic, and its failures are the provider's own errors.
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { errors, Provider } from 'oidc-provider'
import type { RelyingParty } from '../domain/institution.ts'
import type { Replays } from '../ports/stores.ts'
import type { TokenRow, TokenStore } from '../ports/tokens.ts'
import { clientMetadata } from './clients.ts'
import { createKnownSessions } from './known-sessions.ts'
import { type RowSeal, withOpenSignals, withSealedSignals } from './sealed-params.ts'

export interface AdapterPorts {
  readonly institution: string
  /** Names of the institution's types of transaction. */
  readonly transactionTypes: readonly string[]
  readonly tokens: TokenStore
  readonly replays: Replays
  readonly seal: RowSeal
  readonly relyingParty: (id: string) => Promise<RelyingParty | undefined>
  readonly now: () => number
  /** Counts a poll of this CIBA request; true where it came too soon. */
  readonly polledTooSoon: (request: string) => Promise<boolean>
  /** Told, once and before it is refused, of a refresh token that comes again as only a thief's would. */
  readonly reused: (token: ReusedToken) => void
}

/** A refresh token that was used before. */
export interface ReusedToken {
  readonly grant: string
  readonly relyingParty: string | undefined
  readonly subject: string | undefined
  readonly sameKey: boolean
}

/** How long a consumed refresh token may come again by the same key without ending its family (ruling R-6), in seconds. */
const refreshGraceSeconds = 10

/** One adapter a model, as the provider asks for them. */
export function createAdapter(ports: AdapterPorts): (model: string) => Adapter {
  return (model) => {
    if (model === 'Client') return clientAdapter(ports)
    if (model === 'ReplayDetection') return replayAdapter(ports)
    if (model === 'Session') return sessionAdapter(ports)
    return tokenAdapter(ports, model)
  }
}

const nothing = async (): Promise<undefined> => undefined

/** Clients are our relying parties; the provider never writes them. */
function clientAdapter({ relyingParty, transactionTypes }: AdapterPorts): Adapter {
  return {
    upsert: nothing,
    destroy: nothing,
    consume: nothing,
    findByUid: nothing,
    findByUserCode: nothing,
    revokeByGrantId: nothing,
    find: async (id) => {
      const found = await relyingParty(id)
      return found && (clientMetadata(found, transactionTypes) as AdapterPayload)
    },
  }
}

/** A jti is remembered by one insert; looking it up first would only add a race (attack 107). */
function replayAdapter({ institution, replays, now }: AdapterPorts): Adapter {
  return {
    find: nothing,
    destroy: nothing,
    consume: nothing,
    findByUid: nothing,
    findByUserCode: nothing,
    revokeByGrantId: nothing,
    upsert: async (id, _payload, expiresIn = 120) => {
      const seen = { kind: 'dpop', id, expiresAt: now() + expiresIn * 1000 } as const
      if (!(await replays.once(institution, seen)))
        throw new errors.InvalidDpopProof('DPoP proof was already used')
    },
  }
}

/**
 * The library writes every session again at the end of a request. One that was there when the request began may have been
 * ended meanwhile, by the customer's IdP or in another window: then it must not come back, nor what the request made of it.
 */
function sessionAdapter(ports: AdapterPorts): Adapter {
  const { institution, tokens } = ports
  const key = (id: string) => ({ institution, model: 'Session', id })
  const known = createKnownSessions(() => Provider.ctx)
  const plain = tokenAdapter(ports, 'Session')
  return {
    ...plain,
    find: async (id) => {
      const found = await plain.find(id)
      if (found) known.found(id)
      return found
    },
    upsert: async (id, payload, expiresIn) => {
      const was = known.saved(id)
      if (was === undefined) return plain.upsert(id, payload, expiresIn)
      await tokens.replace(key(was), { ...payload }, { id, expiresInSeconds: expiresIn })
    },
    destroy: async (id) => {
      // A session that gets another identifier is one row before and after.
      if (!known.leaves(id)) await plain.destroy(id)
    },
  }
}

function tokenAdapter(ports: AdapterPorts, model: string): Adapter {
  const { institution, tokens } = ports
  const key = (id: string) => ({ institution, model, id })
  return {
    upsert: (id, payload, expiresIn) =>
      tokens.upsert(
        key(id),
        stored(ports, model, payload),
        model === backchannel ? lateFor(expiresIn) : expiresIn,
      ),
    find: async (id) => {
      const row = await tokens.find(key(id))
      if (row && model === backchannel) await paced(ports, row, id)
      if (row?.consumedAt !== undefined && model === 'RefreshToken') await secondUse(ports, row)
      return row && payloadOf(ports, row, id)
    },
    findByUid: async (uid) => {
      const row = await tokens.findByUid({ institution, model, uid })
      return row && payloadOf(ports, row, undefined)
    },
    findByUserCode: nothing,
    consume: async (id) => {
      if (!(await tokens.consume(key(id)))) throw alreadyUsed(model)
    },
    destroy: (id) => tokens.destroy(key(id)),
    revokeByGrantId: async (grant) => {
      await tokens.revoke(institution, { grant })
    },
  }
}

const backchannel = 'BackchannelAuthenticationRequest'

// CIBA 11: who polls when the time is over hears `expired_token`, and not that nothing was ever asked.
const lateSeconds = 600
const lateFor = (expiresIn: number | undefined) =>
  expiresIn === undefined ? undefined : expiresIn + lateSeconds

/** CIBA 11 `slow_down`: the library only has the word for it, so it is thrown where a poll looks its request up (attack 128). */
async function paced(ports: AdapterPorts, row: TokenRow, id: string): Promise<void> {
  const { oidc } = Provider.ctx ?? {}
  if (oidc?.route !== 'token' || oidc.client?.clientId !== row.payload.clientId) return
  const { consumedAt } = row
  // As with refresh tokens (ruling R-6): two polls at once, or one again whose answer was lost, do not end what the first got.
  if (consumedAt !== undefined && ports.now() / 1000 - consumedAt <= refreshGraceSeconds)
    throw new errors.InvalidGrant('the request was just redeemed')
  if (consumedAt === undefined && (await ports.polledTooSoon(id)))
    throw new errors.SlowDown('wait for the interval between polls')
}

/** A `dpop_jkt` that no proof came with is not evidence of a device; the parameter itself stays in the request object. */
function stored({ seal }: AdapterPorts, model: string, payload: AdapterPayload): Record<string, unknown> {
  if (model === backchannel) return onlyNeeded(payload)
  if (model === 'Interaction') return withSealedSignals({ ...payload }, seal)
  if (model !== 'PushedAuthorizationRequest') return { ...payload }
  const proven = Provider.ctx?.get('DPoP') !== undefined && Provider.ctx.get('DPoP') !== ''
  return withSealedSignals(proven ? { ...payload } : { ...payload, dpopJkt: undefined }, seal)
}

/**
 * What the answer is made of, and nothing else: the customer's code and the hints that name them were for this request alone,
 * and message and place stand with the approval, sealed.
 */
function onlyNeeded(payload: AdapterPayload): Record<string, unknown> {
  const { claims, authorization_details } = payload.params ?? {}
  return { ...payload, params: { claims, authorization_details } }
}

function payloadOf({ seal }: AdapterPorts, row: TokenRow, id: string | undefined): AdapterPayload {
  return {
    ...withOpenSignals({ ...row.payload }, seal),
    ...(id !== undefined && { jti: id }),
    ...(row.consumedAt !== undefined && { consumed: row.consumedAt }),
  } as AdapterPayload
}

function alreadyUsed(model: string): Error {
  if (model === 'PushedAuthorizationRequest')
    return new errors.InvalidRequestUri('request_uri was already used')
  return new errors.InvalidGrant('already used')
}

interface RefreshPayload {
  readonly jkt?: string
  readonly grantId?: string
  readonly clientId?: string
  readonly accountId?: string
}

/**
 * Ruling R-6: a refresh token that comes again within ten seconds by the same key lost a race and is refused without
 * harm. Later, or with another key, it was stolen and the family ends here: the provider refuses a wrong key, a spent
 * proof or a gone grant before it looks whether the token was used.
 */
async function secondUse(ports: AdapterPorts, row: TokenRow): Promise<void> {
  // Whoever asks about a spent token, or ends it, does not use it.
  if (Provider.ctx?.oidc?.route !== 'token') return
  const { jkt, grantId, clientId, accountId } = row.payload as RefreshPayload
  const sameKey = jkt === (await presentedJkt())
  if (sameKey && ports.now() / 1000 - (row.consumedAt ?? 0) <= refreshGraceSeconds)
    throw new errors.InvalidGrant('refresh token was just used')
  if (grantId !== undefined) {
    await ports.tokens.revoke(ports.institution, { grant: grantId })
    ports.reused({ grant: grantId, relyingParty: clientId, subject: accountId, sameKey })
  }
  throw new errors.InvalidGrant('refresh token already used')
}

/** The key of this request's DPoP proof, whose signature the provider has checked before it looks anything up. */
async function presentedJkt(): Promise<string | undefined> {
  const proof = Provider.ctx?.get('DPoP')
  if (proof === undefined || proof === '') return undefined
  const { jwk } = decodeProtectedHeader(proof)
  return jwk && calculateJwkThumbprint(jwk)
}
