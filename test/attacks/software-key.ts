// A security key in software, which does what an attacker wants: other origins, no PIN, counters that go back (WebAuthn 6.1, 6.5).
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What the key says in place of the truth. */
export interface Lie {
  readonly origin?: string
  readonly rpId?: string
  readonly challenge?: string
  readonly verified?: boolean
  readonly present?: boolean
  readonly copied?: boolean
  readonly counter?: number
  readonly type?: string
  /** The signature is by this key. */
  readonly signer?: SoftwareKey
  /** Sent as the id in place of its own. */
  readonly id?: string
}

export interface SoftwareKey {
  readonly id: string
  readonly privateKey: KeyObject
  /** The text that a browser would post after `create()`. */
  create(challenge: string, lie?: Lie): string
  /** The same after `get()`. */
  get(challenge: string, lie?: Lie): string
  counter: number
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

// CBOR (RFC 8949): small heads, byte strings of up to 64 KiB, nothing else is needed.
function head(major: number, n: number): Buffer {
  if (n < 24) return Buffer.from([(major << 5) | n])
  if (n < 256) return Buffer.from([(major << 5) | 24, n])
  return Buffer.from([(major << 5) | 25, n >> 8, n & 255])
}
const int = (n: number): Buffer => (n < 0 ? head(1, -1 - n) : head(0, n))
const bytes = (b: Buffer): Buffer => Buffer.concat([head(2, b.length), b])
const text = (t: string): Buffer => Buffer.concat([head(3, t.length), Buffer.from(t)])
const map = (...entries: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([head(5, entries.length), ...entries.flat()])

function coseOf(publicKey: KeyObject): Buffer {
  const { x, y } = publicKey.export({ format: 'jwk' })
  const part = (value: string | undefined) => bytes(Buffer.from(value ?? '', 'base64url'))
  return map([int(1), int(2)], [int(3), int(-7)], [int(-1), int(1)], [int(-2), part(x)], [int(-3), part(y)])
}

const flagsOf = ({ present = true, verified = true, copied = false }: Lie, made: boolean): number =>
  (present ? 1 : 0) | (verified ? 4 : 0) | (copied ? 8 : 0) | (made ? 64 : 0)

export function softwareKey(place: { readonly rpId: string; readonly origin: string }): SoftwareKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rawId = randomBytes(32)
  const own = rawId.toString('base64url')
  const clientData = (type: string, challenge: string, lie: Lie): Buffer =>
    Buffer.from(
      JSON.stringify({
        ...{ type: lie.type ?? type, challenge: lie.challenge ?? challenge },
        ...{ origin: lie.origin ?? place.origin, crossOrigin: false },
      }),
    )
  const authenticatorData = (lie: Lie, made?: Buffer): Buffer => {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(lie.counter ?? key.counter)
    const flags = Buffer.from([flagsOf(lie, made !== undefined)])
    return Buffer.concat([sha256(lie.rpId ?? place.rpId), flags, count, made ?? Buffer.alloc(0)])
  }
  const posted = (id: string, response: Readonly<Record<string, Buffer>>): string =>
    JSON.stringify({
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response: Object.fromEntries(
        Object.entries(response).map(([name, value]) => [name, value.toString('base64url')]),
      ),
    })
  const key: SoftwareKey = {
    id: own,
    privateKey,
    counter: 1,
    create(challenge, lie = {}) {
      const length = Buffer.from([0, rawId.length])
      const made = Buffer.concat([Buffer.alloc(16), length, rawId, coseOf(publicKey)])
      const authData = authenticatorData(lie, made)
      const attestationObject = map(
        [text('fmt'), text('none')],
        [text('attStmt'), map()],
        [text('authData'), bytes(authData)],
      )
      const clientDataJSON = clientData('webauthn.create', challenge, lie)
      return posted(lie.id ?? own, { clientDataJSON, attestationObject })
    },
    get(challenge, lie = {}) {
      if (lie.counter === undefined) key.counter += 1
      const authData = authenticatorData(lie)
      const clientDataJSON = clientData('webauthn.get', challenge, lie)
      const covered = Buffer.concat([authData, sha256(clientDataJSON)])
      const signature = sign('sha256', covered, lie.signer?.privateKey ?? privateKey)
      return posted(lie.id ?? own, { clientDataJSON, authenticatorData: authData, signature })
    },
  }
  return key
}
