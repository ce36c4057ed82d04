// Secrets by reference: `env:NAME` or `file:PATH` in the settings, the value only in memory and never in a log.
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'

/** A value that shows itself only to who asks for it by name. */
export interface Secret<T> {
  reveal(): T
}

/** Wraps a value so that logging, printing or serialising whatever holds it does not show it. */
export function secret<T>(value: T): Secret<T> {
  const shown = () => '[secret]'
  return Object.freeze({ reveal: () => value, toJSON: shown, toString: shown, [inspect.custom]: shown })
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The text behind a reference; a reason where there is none. The reason never repeats a value. */
export function resolve(reference: string, env: Environment): { text: string } | { reason: string } {
  const [kind, ...rest] = reference.split(':')
  const name = rest.join(':')
  if (kind === 'env') {
    const text = env[name]?.trim()
    return text ? { text } : { reason: `the variable ${name} is not set` }
  }
  try {
    const text = readFileSync(name, 'utf8').trim()
    return text === '' ? { reason: `the file ${name} is empty` } : { text }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { reason: `the file ${name} cannot be read (${String(code ?? 'unknown error')})` }
  }
}

/** Demo keys carry this mark, so that no other mode ever takes one (ruling R-12). */
export const demoKeyMark = 'drawbridge-demo:'

/** 32 bytes from base64, base64url or hex; undefined for anything else. */
export function keyBytes(text: string): Uint8Array | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'))
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  return bytes.length === 32 ? bytes : undefined
}
