// The keys that an OpenID provider publishes, for tokens that it sends of its own accord.
import type { JSONWebKeySet } from 'jose'
import type { CustomFetch } from 'openid-client'
import { Refusal } from '../../domain/refusal.ts'
import type { Discovered } from './oidc-discovery.ts'

export interface ProviderKeysPorts {
  readonly discovered: Discovered
  readonly fetch: CustomFetch
  readonly now: () => number
}

export interface ProviderKeys {
  /** At most ten minutes old; refuses with `fetch.*` or `oidc.discovery` where they were never had. */
  current(): Promise<JSONWebKeySet>
  /**
   * Others than the `tried` ones, for a token by a key that is not among those: what another token made us fetch meanwhile, else
   * fetched anew; undefined where that was done a moment ago: whoever sends such tokens must not make us ask the
   * provider for each.
   */
  newer(tried: JSONWebKeySet): Promise<JSONWebKeySet | undefined>
}

const keepMs = 600_000
const againMs = 30_000

export function createProviderKeys(ports: ProviderKeysPorts): ProviderKeys {
  let kept: { readonly at: number; readonly keys: Promise<JSONWebKeySet> } | undefined
  let askedAgain = Number.NEGATIVE_INFINITY
  const load = (): Promise<JSONWebKeySet> => {
    const last = kept?.keys
    const keys = fetched(ports).catch((error: unknown) => {
      // A provider that cannot be reached for a moment goes on with the keys that it had.
      if (last !== undefined) return last
      kept = undefined
      throw error
    })
    kept = { at: ports.now(), keys }
    return keys
  }
  const newer = async (tried: JSONWebKeySet): Promise<JSONWebKeySet | undefined> => {
    const looked = kept?.keys
    const last = await looked?.catch(() => undefined)
    if (last !== undefined && last !== tried) return last
    // Another token has begun to ask while this one waited.
    if (kept?.keys !== looked) return newer(tried)
    if (ports.now() - askedAgain < againMs) return undefined
    askedAgain = ports.now()
    return load()
  }
  return {
    current: () => (kept === undefined || ports.now() - kept.at >= keepMs ? load() : kept.keys),
    newer,
  }
}

async function fetched({ discovered, fetch }: ProviderKeysPorts): Promise<JSONWebKeySet> {
  const { jwks_uri: address = '' } = (await discovered()).serverMetadata()
  const request = { method: 'GET', headers: { accept: 'application/json' }, body: undefined } as const
  const response = await fetch(address, { ...request, redirect: 'manual' })
  const set: unknown = response.status === 200 ? await response.json().catch(() => undefined) : undefined
  if (isKeySet(set)) return set
  throw new Refusal('oidc.discovery', {
    ...{ check: 'keys', expected: 'a JWK set', actual: `HTTP ${response.status}` },
  })
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)
