// One walk to an OpenID provider and back by the connector alone, and what came of it.
import { Refusal } from '../../src/domain/refusal.ts'
import type { UpstreamSubject } from '../../src/domain/subject.ts'
import { oidcConnector } from '../../src/plugins/connectors/oidc.ts'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import type { Connector, ConnectorAddresses, UpstreamReply } from '../../src/ports/connector.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import type { OwnKeys } from '../../src/ports/own-keys.ts'
import { explained } from '../xml/explained.ts'
import type { Op } from './hostile-op.ts'

const fetch = createGuardedFetch({
  allowedNetworks: ['127.0.0.0/8'],
  timeoutMs: 20_000,
  maxBytes: 1024 * 1024,
})

export interface Sides {
  readonly op: Op
  readonly signer: Signer
}

/** A connection of its own, so that nothing of the test before is cached. */
export function openConnection({ op, signer }: Sides, settings: object = {}): Connector {
  const plugin = oidcConnector({
    ownKeys: { signer: async () => signer } as unknown as OwnKeys,
    fetch,
    clock: { now: Date.now },
    chance: { token: (bytes) => 'r'.repeat(bytes), number: () => '42', reference: () => 'DB' },
  })
  const client = { clientId: 'bridge', clientAuth: 'client_secret_basic', clientSecret: 'hush' }
  const given = { issuer: op.issuer, ...client, ...settings }
  plugin.check(given)
  const connection = { id: 'op', settings: given, claims: {} }
  const addresses = { issuer: 'https://bridge.example/alder', acsUrl: '', entityId: '' }
  return plugin.open({
    institution: { id: 'alder' },
    connection,
    ...addresses,
  } as unknown as ConnectorAddresses)
}

export interface Walk {
  settings?: object
  fresh?: boolean
  /** What the browser brings instead of what the provider sent. */
  query?: (honest: string) => string
  callback?: Record<string, string | undefined>
  reply?: Partial<UpstreamReply>
}

export async function walkBy(sides: Sides, given: Walk = {}): Promise<UpstreamSubject> {
  const { settings = {}, fresh = false, query, callback, reply } = given
  const opened = openConnection(sides, settings)
  const askedAt = Date.now()
  const start = { relayState: 'uid-of-the-login', fresh, neededAcr: undefined, now: askedAt }
  const { url, requestId, memory = {} } = await opened.begin(start)
  const honest = sides.op.authorize(url, callback)
  const payload = query ? query(honest) : honest
  return opened.complete({ payload, requestId, fresh, askedAt, memory, now: Date.now(), ...reply })
}

export async function verdictBy(sides: Sides, given: Walk = {}): Promise<string> {
  try {
    return `accepted ${(await walkBy(sides, given)).nameId.value}`
  } catch (error) {
    if (error instanceof Refusal) return error.code.startsWith('oidc.') ? explained(error) : error.code
    throw error
  }
}
