// Authenticated encryption under keys that are derived from the master key, which lives outside the database (ruling R-11).
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { FieldSeal } from '../../ports/field-seal.ts'

/** 32 bytes for one institution and purpose (RFC 5869 with SHA-256); the same on every node. */
export function derive(master: Uint8Array, institution: string, purpose: string): Buffer {
  const info = JSON.stringify(['drawbridge', institution, purpose])
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), info, 32))
}

/** AES-256-GCM with a random nonce; `bound` is authenticated but not stored. */
export function sealText(key: Uint8Array, plain: string, bound: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound))
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')
}

/** Throws when the text was changed, or sealed under another key or for another place. */
export function openText(key: Uint8Array, sealed: string, bound: string): string {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 28) throw new Error('sealed text is too short')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
}

export function createFieldSeal(master: Uint8Array): FieldSeal {
  const keys = new Map<string, Buffer>()
  const keyOf = (institution: string) => {
    const key = keys.get(institution) ?? derive(master, institution, 'field-encryption')
    keys.set(institution, key)
    return key
  }
  return {
    seal: (institution, plain) => sealText(keyOf(institution), plain, `field|${institution}`),
    open: (institution, sealed) => openText(keyOf(institution), sealed, `field|${institution}`),
  }
}
