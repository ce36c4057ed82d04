// Access tokens for an engine by OAuth client credentials (RFC 6749 4.4): one at a time, kept for as long as it holds.
import { z } from 'zod'
import { Refusal } from '../../domain/refusal.ts'
import { strictJson } from '../../domain/strict-json.ts'
import type { GuardedFetch, GuardedRequest } from '../../ports/guarded-fetch.ts'
import { basic } from './basic-auth.ts'
import type { AccessSettings } from './engine-settings.ts'

export interface TokenPorts {
  readonly fetch: GuardedFetch
  readonly now: () => number
  readonly tls: NonNullable<GuardedRequest['tls']>
}

export interface Tokens {
  /** One that holds; rejects when the signal is aborted, though the token that was asked for may still be of use to the next. */
  get(signal: AbortSignal): Promise<string>
  /** It was not accepted: the next is another one. */
  drop(token: string): true
}

const answer = z.object({
  access_token: z.string().regex(/^[\w.~+/-]{1,8192}=*$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().optional(),
})

// Its clock and the way there may take some of its life; of one that does not say, little is assumed.
const spareMs = 30_000
const usualSeconds = 60
const longestSeconds = 24 * 3600

interface Token {
  readonly text: string
  readonly until: number
}

export function createTokens(settings: AccessSettings, ports: TokenPorts): Tokens {
  let kept: Token | undefined
  let asked: Promise<Token> | undefined
  const ask = (): Promise<Token> => {
    const answering = tokenFrom(settings, ports)
    const done = (token?: Token) => {
      kept = token
      asked = undefined
    }
    answering.then(done, () => done())
    return answering
  }
  return {
    async get(signal) {
      if (kept !== undefined && ports.now() < kept.until) return kept.text
      asked ??= ask()
      return (await before(signal, asked)).text
    },
    drop(token) {
      if (kept?.text === token) kept = undefined
      return true
    },
  }
}

/** The exchange goes on for whoever asks next; only the wait ends. */
async function before<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>()
  const late = () => over.reject(new Refusal('fetch.failed', { check: 'time', actual: 'no token in time' }))
  if (signal.aborted) late()
  signal.addEventListener('abort', late, { once: true })
  try {
    return await Promise.race([promise, over.promise])
  } finally {
    signal.removeEventListener('abort', late)
  }
}

const encoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

async function tokenFrom(settings: AccessSettings, { fetch, now, tls }: TokenPorts): Promise<Token> {
  const { tokenUrl = '', clientId = '', clientSecret = '', scope } = settings
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
  })
  const headers = {
    authorization: basic(encoded(clientId), encoded(clientSecret)),
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  }
  const began = now()
  const { status, body } = await fetch(tokenUrl, { method: 'POST', headers, body: String(form), tls })
  if (status !== 200) throw new Refusal('fetch.failed', { check: 'token', actual: String(status) })
  const { data } = answer.safeParse(strictJson(body, 8).value)
  if (data === undefined) throw new Refusal('fetch.failed', { check: 'token', actual: 'no token' })
  const life = Math.min(data.expires_in ?? usualSeconds, longestSeconds) * 1000
  return { text: data.access_token, until: began + Math.max(life - spareMs, life / 2) }
}
