// Keys made here and kept sealed in the database, one a purpose (ruling R-11).
import { createPublicKey } from 'node:crypto'
import type { Clock } from '../../ports/clock.ts'
import { type KeyPurpose, type KeyStore, keyPurposes, type Signer } from '../../ports/key-store.ts'
import type { SealedKey, SealedKeys } from '../../ports/sealed-keys.ts'
import { certifies, type Jwk, kinds, makeKey } from './kinds.ts'
import { derive, openText, sealText } from './seal.ts'
import { signerOf } from './signer.ts'

export interface LocalKeysPorts {
  readonly master: Uint8Array
  readonly sealed: SealedKeys
  readonly clock: Clock
  readonly signed?: (purpose: KeyPurpose) => void
}

interface Opened {
  readonly signer: Signer
  readonly publicJwk: Jwk
  readonly privateJwk: Jwk
}

export function createLocalKeys(ports: LocalKeysPorts): KeyStore {
  const opened = new Map<string, Promise<Opened>>()
  const key = (institution: string, purpose: KeyPurpose, scope = '') => {
    const name = scope === '' ? purpose : `${purpose}/${scope}`
    const at = `${institution}|${name}`
    const known = opened.get(at)
    if (known) return known
    const found = open(ports, { institution, purpose, name })
    opened.set(at, found)
    found.catch(() => opened.delete(at))
    return found
  }
  return {
    ready: async (institution) => {
      await Promise.all(keyPurposes.map((purpose) => key(institution, purpose)))
    },
    signer: async (institution, purpose, scope) => (await key(institution, purpose, scope)).signer,
    publicJwk: async (institution, purpose) => (await key(institution, purpose)).publicJwk,
    publicJwks: async (institution, purpose) => {
      await key(institution, purpose)
      const all = await ports.sealed.all(institution, purpose)
      return all.map((one) => publicOf(unsealed(ports.master, one)))
    },
    privateJwk: async (institution, purpose) => (await key(institution, purpose)).privateJwk,
    secret: (institution, purpose) => derive(ports.master, institution, purpose),
  }
}

interface Wanted {
  readonly institution: string
  readonly purpose: KeyPurpose
  /** The purpose, or purpose/scope where a scope has a key of its own. */
  readonly name: string
}

async function open(ports: LocalKeysPorts, wanted: Wanted): Promise<Opened> {
  const { institution, purpose, name } = wanted
  const known = await ports.sealed.active(institution, name)
  const key = known ?? (await makeFirst(ports, wanted))
  const privateJwk = unsealed(ports.master, key)
  const { algorithm, certified } = kinds[purpose]
  const { kid, certificate } = key
  const signer = signerOf({ kid, algorithm, certificate, privateJwk }, () => ports.signed?.(purpose))
  if (certified) certifies(certificate, privateJwk, `${name} of ${institution}`)
  return { signer, publicJwk: publicOf(privateJwk), privateJwk }
}

const unsealed = (master: Uint8Array, key: SealedKey): Jwk =>
  JSON.parse(openText(derive(master, key.institution, 'signing-keys'), key.sealed, boundTo(key)))

/**
 * Only the private key is sealed. A public key read from its column would let whoever writes to the database name a key of
 * theirs as ours, and re-sign the whole audit log with it (attack 209).
 */
export function publicOf({ kid, alg, use, ...key }: Jwk): Jwk {
  return { ...createPublicKey({ key, format: 'jwk' } as never).export({ format: 'jwk' }), kid, alg, use }
}

export const boundTo = (key: Pick<SealedKey, 'institution' | 'purpose' | 'kid'>): string =>
  `${key.institution}|${key.purpose}|${key.kid}`

/** Makes the key unless another node is quicker; either way all nodes use the same one. */
async function makeFirst(ports: LocalKeysPorts, { institution, purpose, name }: Wanted): Promise<SealedKey> {
  const { kid, algorithm, publicJwk, privateJwk, certificate } = await makeKey(
    kinds[purpose],
    `${institution} ${name}`,
    ports.clock.now(),
  )
  const sealed = sealText(
    derive(ports.master, institution, 'signing-keys'),
    JSON.stringify(privateJwk),
    boundTo({ institution, purpose: name, kid }),
  )
  const made = { institution, purpose: name, kid, algorithm, sealed, publicJwk, certificate }
  if (await ports.sealed.insertFirst(made)) return made
  const first = await ports.sealed.active(institution, name)
  if (first === undefined) throw new Error(`the key ${name} of ${institution} was neither stored nor found`)
  return first
}
