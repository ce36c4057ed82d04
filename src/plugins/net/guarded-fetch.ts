// Fetching what an administrator's word or an IdP's document leads to, without becoming a door into our own network.
import { lookup as resolveName } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Refusal } from '../../domain/refusal.ts'
import type { GuardedAnswer, GuardedFetch, GuardedRequest } from '../../ports/guarded-fetch.ts'

export interface GuardedFetchSettings {
  /** CIDR ranges beside the public addresses: where a bank's own IdP stands, or loopback on a laptop. */
  readonly allowedNetworks: readonly string[]
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** For tests that must decide what a name resolves to. */
export type Resolve = (host: string) => Promise<readonly string[]>

const systemResolve: Resolve = (host) =>
  new Promise((resolve, reject) => {
    resolveName(host, { all: true }, (error, found) =>
      error ? reject(error) : resolve(found.map(({ address }) => address)),
    )
  })

const refused = (check: string, actual: string): Refusal => new Refusal('fetch.refused', { check, actual })
const failed = (check: string, actual: string): Refusal => new Refusal('fetch.failed', { check, actual })

export function createGuardedFetch(
  settings: GuardedFetchSettings,
  resolve: Resolve = systemResolve,
): GuardedFetch {
  const isAllowed = allowing(settings.allowedNetworks)
  const check = (text: string, secure: boolean) => checkAddress(text, { secure, isAllowed })
  return async (text, request = {}) => {
    const url = checkedUrl(text)
    // One deadline for all of it, the look-up of the name included.
    const late = AbortSignal.timeout(settings.timeoutMs)
    const deadline = request.signal === undefined ? late : AbortSignal.any([late, request.signal])
    const secure = url.protocol === 'https:'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0) check(host, secure)
    const found = isIP(host) === 0 ? await resolved(host, resolve, deadline) : []
    for (const address of found) check(address, secure)
    return answered(url, { request, settings, deadline, to: { lookup: pinned(found) } })
  }
}

/** Goes to a process of ours that listens where we have told it to, and nowhere else: there is no address to be judged. */
export function createSocketFetch(
  socketPath: string,
  settings: Pick<GuardedFetchSettings, 'timeoutMs' | 'maxBytes'>,
): GuardedFetch {
  return (text, request = {}) => {
    const late = AbortSignal.timeout(settings.timeoutMs)
    const deadline = request.signal === undefined ? late : AbortSignal.any([late, request.signal])
    return answered(checkedUrl(text), { request, settings, deadline, to: { socketPath } })
  }
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw refused('address', 'not a URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('scheme', url.protocol)
  if (url.username !== '' || url.password !== '') throw refused('address', 'a user name in the URL')
  return url
}

async function resolved(host: string, resolve: Resolve, deadline: AbortSignal): Promise<readonly string[]> {
  const over = Promise.withResolvers<never>()
  const late = () => over.reject(failed('name', `${host} did not resolve in time`))
  deadline.addEventListener('abort', late, { once: true })
  try {
    const found = await Promise.race([resolve(host), over.promise])
    if (found.length === 0) throw failed('name', `${host} has no address`)
    return found
  } catch (error) {
    throw error instanceof Refusal ? error : failed('name', `${host} does not resolve`)
  } finally {
    deadline.removeEventListener('abort', late)
  }
}

/**
 * What is wrong with an address before it is asked, so that who writes it is told; undefined when it may be. Where a name leads is
 * judged each time it is asked.
 */
export function addressFault(text: string, allowedNetworks: readonly string[]): string | undefined {
  try {
    const url = checkedUrl(text)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const rules = { secure: url.protocol === 'https:', isAllowed: allowing(allowedNetworks) }
    if (isIP(host) !== 0) checkAddress(host, rules)
    else if (!rules.secure && host !== 'localhost') throw refused('scheme', 'http: away from loopback')
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return `${error.detail.check}: ${error.detail.actual}`
  }
}

function allowing(networks: readonly string[]): AddressRules['isAllowed'] {
  const allowed = networks.map((network) => ipaddr.parseCIDR(network))
  return (address) =>
    allowed.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits]))
}

interface AddressRules {
  readonly secure: boolean
  isAllowed(address: ipaddr.IPv4 | ipaddr.IPv6): boolean
}

/** ipaddr.js calls public what IANA's special-purpose registries do not claim; ::ffff:10.0.0.1 is judged as 10.0.0.1. */
function checkAddress(text: string, { secure, isAllowed }: AddressRules): void {
  const address = ipaddr.process(text)
  const allowed = isAllowed(address)
  if (address.range() !== 'unicast' && !allowed) throw refused('network', `${text} (${address.range()})`)
  if (!secure && !(allowed && address.range() === 'loopback'))
    throw refused('scheme', 'http: away from loopback')
}

/** The socket goes where we looked: a name that changes between the check and the connection changes nothing. */
function pinned(found: readonly string[]): LookupFunction {
  const all = found.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, done) => {
    const [first] = all
    if (first === undefined) return done(new Error('not resolved'), '', 0)
    if (options.all) done(null, all)
    else done(null, first.address, first.family)
  }
}

/** Why there was no connection, for whoever gave the address: the error's own text is for the log. */
function reasonOf(error: unknown): 'refused' | 'protocol' | 'tls' | 'connection' {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED') return 'refused'
  if (/^(EPROTO|ERR_SSL_|HPE_)/.test(code)) return 'protocol'
  return /^(ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/.test(code) ? 'tls' : 'connection'
}

interface Sending {
  readonly request: GuardedRequest
  readonly settings: Pick<GuardedFetchSettings, 'maxBytes'>
  readonly deadline: AbortSignal
  readonly to: { readonly lookup: LookupFunction } | { readonly socketPath: string }
}

function answered(url: URL, { request, settings, deadline: signal, to }: Sending): Promise<GuardedAnswer> {
  const { method = 'GET', body, tls = {}, statusOnly = false } = request
  // Without an encoding a small answer cannot grow on us.
  const headers = { ...request.headers, 'accept-encoding': 'identity', connection: 'close' }
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      const check = signal.aborted ? 'time' : 'connection'
      const actual = `${url.host}: ${String(error).slice(0, 200)}`
      const reason = signal.aborted ? 'time' : reasonOf(error)
      reject(error instanceof Refusal ? error : new Refusal('fetch.failed', { check, actual, reason }))
    }
    const options = { method, headers, ...to, signal, agent: false, maxHeaderSize: 16_384, ...tls }
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, options, (incoming) => {
      const reading = statusOnly ? unread(incoming) : read(incoming, settings.maxBytes)
      reading.then(resolve, (error: unknown) => {
        outgoing.destroy()
        fail(error)
      })
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

function statusOf({ statusCode: status = 0 }: http.IncomingMessage): number {
  if (status >= 300 && status < 400) throw refused('redirect', String(status))
  return status
}

async function unread(incoming: http.IncomingMessage): Promise<GuardedAnswer> {
  const status = statusOf(incoming)
  incoming.destroy()
  return { status, headers: {}, body: new Uint8Array() }
}

async function read(incoming: http.IncomingMessage, limit: number): Promise<GuardedAnswer> {
  const status = statusOf(incoming)
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw refused('encoding', encoding.slice(0, 50))
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw failed('size', `more than ${limit} bytes`)
    chunks.push(chunk)
  }
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])
  return { status, headers: Object.fromEntries(headers), body: Buffer.concat(chunks) }
}
