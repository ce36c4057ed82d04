// Checkpoints of the audit log as signed notes (C2SP tlog-checkpoint, signed-note), written and read as text.
import { createHash, createPublicKey, verify } from 'node:crypto'

export interface CheckpointBody {
  /** Names the log: the issuer's host and path, and `/audit`. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

// C2SP signed-note: the signature type of Ed25519.
const ed25519Type = Buffer.of(1)

/** The text that is signed, with its newline at the end. */
export const bodyText = ({ origin, size, root }: CheckpointBody): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`

/** C2SP signed-note: the first four bytes of SHA-256(name || 0x0A || type || public key). */
export function keyHash(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(ed25519Type)
    .update(publicKey)
    .digest()
    .subarray(0, 4)
}

/** The whole note: text, empty line, one signature line by the key named as the origin. */
export function noteText(body: CheckpointBody, publicKey: Uint8Array, signature: Uint8Array): string {
  const blob = Buffer.concat([keyHash(body.origin, publicKey), signature])
  return `${bodyText(body)}\n— ${body.origin} ${blob.toString('base64')}\n`
}

export interface ReadNote extends CheckpointBody {
  readonly signed: string
  readonly keyHash: Buffer
  readonly signature: Buffer
}

/** Reads a note of ours; undefined when it is not one. The signature is for the caller to verify over `signed`. */
export function readNote(note: string): ReadNote | undefined {
  const match = /^((.+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n)\n— (\S+) ([A-Za-z0-9+/]+=*)\n$/.exec(note)
  if (!match) return undefined
  const [, signed = '', origin = '', size = '', root = '', name, blob = ''] = match
  const bytes = Buffer.from(blob, 'base64')
  if (name !== origin || bytes.length !== 68) return undefined
  return {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    signed,
    keyHash: bytes.subarray(0, 4),
    signature: bytes.subarray(4),
  }
}

/** Is the note signed by the Ed25519 key with these 32 bytes (C2SP signed-note)? */
export function noteIsBy(note: ReadNote, publicKey: Uint8Array): boolean {
  if (!keyHash(note.origin, publicKey).equals(note.keyHash)) return false
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }
  return verify(null, Buffer.from(note.signed), createPublicKey({ key: jwk, format: 'jwk' }), note.signature)
}
