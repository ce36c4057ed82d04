// A certificate by an authority for a next key of ours, where the bank or its IdP wants one: asked for, and taken back.
import type { OwnKey } from '../domain/own-key.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Actor } from '../ports/connections.ts'
import type { OneKey, OwnKeyView } from '../ports/own-keys.ts'
import { after, note, type OwnKeyPorts, run } from './own-keys.ts'

export type KeyCertificates = ReturnType<typeof createKeyCertificates>

/**
 * Only of next keys: what signs today is believed by its certificate of today. Both refuse with `key.unknown` where there is no
 * such key, or it has no certificate, and with `key.no_next` where it is not a next one.
 */
export function createKeyCertificates(ports: OwnKeyPorts) {
  return {
    /** The request as PEM. It says nothing that our metadata does not, and holds no private key. */
    request: (which: OneKey) => request(ports, which),
    /**
     * Publishes this certificate in the place of the present one, from now on: peers get as long to learn of it as of a new key.
     * Refuses with `key.certificate` where it is not for this key, or weaker than ours may be.
     */
    certify: (which: OneKey, text: string, actor: Actor) => certify(ports, which, { text, actor }),
  }
}

async function nextKey({ ownKeyStore }: OwnKeyPorts, which: OneKey): Promise<OwnKey> {
  const { institution, connection, kid } = which
  const keys = await ownKeyStore.list(institution)
  const key = keys.find((one) => one.connection === connection && one.kid === kid)
  if (key === undefined || key.state === 'dropped' || key.certificate === '')
    throw new Refusal('key.unknown', { connection, kid })
  if (key.state !== 'next') throw new Refusal('key.no_next', { connection, kid, state: key.state })
  return key
}

/** Keys are read past the unit, and slow work waits for nothing: the unit around the caller is committed first. */
async function request(ports: OwnKeyPorts, which: OneKey): Promise<string> {
  const key = await nextKey(ports, which)
  await ports.unit.checkpoint()
  ports.ownKeys.changed(key.institution)
  await ports.ownKeys.ready(key.institution, [])
  const made = await ports.ownKeys.request(key, key.kid)
  if (made === undefined) throw new Refusal('key.unknown', { connection: key.connection, kid: key.kid })
  return made
}

interface Certifying {
  readonly text: string
  readonly actor: Actor
}

async function certify(
  ports: OwnKeyPorts,
  which: OneKey,
  { text, actor }: Certifying,
): Promise<OwnKeyView[]> {
  const key = await nextKey(ports, which)
  await ports.unit.checkpoint()
  ports.ownKeys.changed(key.institution)
  await ports.ownKeys.ready(key.institution, [])
  const issued = await ports.ownKeys.issued(key, key.kid, text)
  await run(ports, key.institution, async () => {
    const change = { ...issued, kid: key.kid, at: ports.clock.now() }
    if (!(await ports.ownKeyStore.certify(key, change)))
      throw new Refusal('connection.stale', { connection: key.connection, kid: key.kid })
    note(ports, 'key.certified', { key: { ...key, ...issued }, actor })
  })
  return after(ports, { institution: key.institution, connection: key.connection })
}
