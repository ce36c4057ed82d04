// The master key, by reference: `env:NAME` or `file:PATH`, 32 bytes as base64.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** The reference leads to nothing usable; the message says why and never shows the value. */
export class MasterKeyFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MasterKeyFault'
  }
}

function referenced(reference: string, env: Readonly<Record<string, string | undefined>>): string {
  const [kind, ...rest] = reference.split(':')
  const where = rest.join(':')
  if (kind === 'env') {
    const value = env[where]
    if (value === undefined || value === '')
      throw new MasterKeyFault(`the environment variable ${where} is not set`)
    return value
  }
  if (kind === 'file') {
    if (!existsSync(where)) throw new MasterKeyFault(`the file ${where} does not exist`)
    return readFileSync(where, 'utf8')
  }
  throw new MasterKeyFault('a reference begins with env: or file:')
}

/** Reads and checks the key. Throws MasterKeyFault. */
export function readMasterKey(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
): Uint8Array {
  const key = Buffer.from(referenced(reference, env).trim(), 'base64')
  if (key.length !== 32)
    throw new MasterKeyFault('the master key must be 32 bytes as base64 (openssl rand -base64 32)')
  if (new Set(key).size < 8)
    throw new MasterKeyFault('the master key is not random (openssl rand -base64 32)')
  return key
}

/** A key of its own for a demo's data directory, readable by its owner only. */
export function demoMasterKey(path: string): Uint8Array {
  if (!existsSync(path))
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  return readMasterKey(`file:${path}`, {})
}
