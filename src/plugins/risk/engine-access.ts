// Proving ourselves to a risk engine: the headers of one request, by whichever way its settings say.
import { createHmac } from 'node:crypto'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import { basic } from './basic-auth.ts'
import type { AccessSettings } from './engine-settings.ts'
import { createTokens } from './oauth-tokens.ts'

export interface EngineRequest {
  readonly method: string
  readonly url: string
  readonly body: string
}

export interface Access {
  /** Of this very request. */
  headers(request: EngineRequest, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
  /** The engine did not let us in with these: true where it may, with what `headers` gives next. */
  refused(headers: Readonly<Record<string, string>>): boolean
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string }
}

export interface AccessPorts {
  readonly fetch: GuardedFetch
  readonly now: () => number
}

export function createAccess(settings: AccessSettings, ports: AccessPorts): Access {
  const { tlsCertificate: cert, tlsKey: key, tlsAuthority: ca } = settings
  const tls = {
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(ca !== undefined && { ca }),
  }
  const never = () => false
  const fixed = (headers: Readonly<Record<string, string>>): Access => ({
    ...{ headers: async () => headers, refused: never, tls },
  })
  switch (settings.authentication) {
    case 'none':
      return fixed({})
    case 'basic':
      return fixed({
        authorization: basic(settings.username ?? settings.apiKey ?? '', settings.password ?? ''),
      })
    case 'bearer':
      return fixed({ authorization: `Bearer ${settings.token}` })
    case 'header':
      return fixed({ [(settings.keyHeader ?? '').toLowerCase()]: settings.apiKey ?? '' })
    case 'hmac':
      return { headers: async (request) => signed(request, settings, ports.now()), refused: never, tls }
    case 'oauth': {
      const tokens = createTokens(settings, { ...ports, tls })
      return {
        headers: async (_, signal) => ({ authorization: `Bearer ${await tokens.get(signal)}` }),
        refused: ({ authorization = '' }) => tokens.drop(authorization.slice('Bearer '.length)),
        tls,
      }
    }
  }
}

/**
 * HMAC-SHA256 over five lines: `v1`, the time in seconds, the method, path with query, and the body as it is sent. Whoever
 * checks it refuses a time that is minutes away, and so what was kept of an old request.
 */
function signed({ method, url, body }: EngineRequest, settings: AccessSettings, now: number) {
  const { pathname, search } = new URL(url)
  const timestamp = String(Math.floor(now / 1000))
  const mac = createHmac('sha256', settings.hmacSecret ?? '')
    .update(['v1', timestamp, method, `${pathname}${search}`, body].join('\n'))
    .digest('hex')
  return {
    ...(settings.keyId !== undefined && { 'drawbridge-key': settings.keyId }),
    'drawbridge-timestamp': timestamp,
    'drawbridge-signature': `v1=${mac}`,
  }
}
