// Keys made here and kept sealed in the database, one a purpose (ruling R-11).
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { Clock } from '../../ports/clock.ts'
import {
  type Decrypter,
  type KeyPurpose,
  type KeyStore,
  keyPurposes,
  type Signer,
} from '../../ports/key-store.ts'
import type { SealedKey, SealedKeys } from '../../ports/sealed-keys.ts'
import { selfSigned } from './certificate.ts'
import { decrypterOf } from './decrypter.ts'
import { derive, openText, sealText } from './seal.ts'
import { signerOf } from './signer.ts'

export interface LocalKeysPorts {
  readonly master: Uint8Array
  readonly sealed: SealedKeys
  readonly clock: Clock
  readonly signed?: (purpose: KeyPurpose) => void
}

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>

interface Kind {
  readonly algorithm: Signer['algorithm']
  readonly certified: boolean
  readonly make: () => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>
  readonly use?: 'enc'
}

const p256 = () => generate('ec', { namedCurve: 'P-256' })
const rsa = () => generate('rsa', { modulusLength: 2048 })
// Ruling R-25: SP keys are RSA, since IdPs of banks still know nothing else. For cores P-256 is far cheaper.
const kinds: Readonly<Record<KeyPurpose, Kind>> = {
  'id-token': { algorithm: 'ES256', certified: false, make: p256 },
  'saml-signing': { algorithm: 'RS256', certified: true, make: rsa },
  assertion: { algorithm: 'ES256', certified: true, make: p256 },
  message: { algorithm: 'ES256', certified: true, make: p256 },
  checkpoint: { algorithm: 'EdDSA', certified: false, make: () => generate('ed25519', {}) },
  'client-assertion': { algorithm: 'ES256', certified: false, make: p256 },
  // Its certificate is signed by itself once, when it is made; after that the key only decrypts.
  'saml-decryption': { algorithm: 'RS256', certified: true, make: rsa, use: 'enc' },
}

type Jwk = Readonly<Record<string, unknown>>

interface Opened {
  readonly signer: Signer
  readonly decrypter: Decrypter | undefined
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
    decrypter: async (institution, purpose) => (await key(institution, purpose)).decrypter as Decrypter,
    publicJwk: async (institution, purpose) => (await key(institution, purpose)).publicJwk,
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
  const sealingKey = derive(ports.master, institution, 'signing-keys')
  const privateJwk = JSON.parse(openText(sealingKey, key.sealed, bound(key)))
  const { algorithm, certified } = kinds[purpose]
  const { kid, certificate } = key
  const signer = signerOf({ kid, algorithm, certificate, privateJwk }, () => ports.signed?.(purpose))
  if (certified) certifies(certificate, privateJwk, wanted)
  const decrypter = kinds[purpose].use === 'enc' ? decrypterOf({ certificate, privateJwk }) : undefined
  return { signer, decrypter, publicJwk: publicOf(privateJwk), privateJwk }
}

/**
 * Only the private key is sealed. A public key read from its column would let whoever writes to the database name a key of
 * theirs as ours, and re-sign the whole audit log with it (attack 209).
 */
function publicOf({ kid, alg, use, ...key }: Jwk): Jwk {
  return { ...createPublicKey({ key, format: 'jwk' } as never).export({ format: 'jwk' }), kid, alg, use }
}

/** Throws unless the certificate is for this very key: peers would come to trust a stranger's. */
function certifies(certificate: string, key: Jwk, { institution, name }: Wanted): void {
  const privateKey = createPrivateKey({ key, format: 'jwk' } as never)
  if (!new X509Certificate(Buffer.from(certificate, 'base64')).checkPrivateKey(privateKey))
    throw new Error(`the certificate of the key ${name} of ${institution} is for another key`)
}

const bound = (key: Pick<SealedKey, 'institution' | 'purpose' | 'kid'>): string =>
  `${key.institution}|${key.purpose}|${key.kid}`

/** Makes the key unless another node is quicker; either way all nodes use the same one. */
async function makeFirst(ports: LocalKeysPorts, { institution, purpose, name }: Wanted): Promise<SealedKey> {
  const { algorithm, certified, make, use = 'sig' } = kinds[purpose]
  const { publicKey, privateKey } = await make()
  const bare = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify(bare)).digest('base64url').slice(0, 16)
  const names = { kid, alg: algorithm, use }
  const publicJwk = { ...bare, ...names }
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), ...names }
  const certificate = certified
    ? await selfSigned({
        subject: `${institution} ${name}`,
        use,
        privateJwk,
        publicJwk,
        algorithm: algorithm as 'RS256' | 'ES256',
        notBefore: new Date(ports.clock.now() - 60_000),
        years: 3,
      })
    : ''
  const sealed = sealText(
    derive(ports.master, institution, 'signing-keys'),
    JSON.stringify(privateJwk),
    bound({ institution, purpose: name, kid }),
  )
  const made = { institution, purpose: name, kid, algorithm, sealed, publicJwk, certificate }
  if (await ports.sealed.insertFirst(made)) return made
  const first = await ports.sealed.active(institution, name)
  if (first === undefined) throw new Error(`the key ${name} of ${institution} was neither stored nor found`)
  return first
}
