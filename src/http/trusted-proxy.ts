// Which proxies are believed: everybody else's X-Forwarded-* headers are dropped before anything reads them (attack 224).
import type { IncomingHttpHeaders } from 'node:http'
import ipaddr from 'ipaddr.js'

export interface TrustedProxies {
  /**
   * The address of the client: the right-most hop that no trusted proxy is. Removes forwarding headers in place unless
   * the peer is trusted; a list that cannot be read ends at the last hop that could.
   */
  clientAddress(peer: string | undefined, headers: IncomingHttpHeaders): string
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

// Every spelling that something behind us might believe (RFC 7239, de-facto headers of proxies and CDNs).
const forwardingHeaders =
  /^(forwarded|x-forwarded-.+|x-real-ip|x-client-ip|true-client-ip|x-original-(url|host)|x-rewrite-url|x-url-scheme|x-host|front-end-https)$/

const mostHops = 20

/** Networks in CIDR form, or single addresses. Throws on anything else: they were checked with the configuration. */
export function createTrustedProxies(networks: readonly string[]): TrustedProxies {
  const trusted = networks.map(networkOf)
  const isTrusted = (address: string): boolean => {
    const parsed = addressOf(address)
    return parsed !== undefined && trusted.some((network) => contains(network, parsed))
  }
  return {
    clientAddress(peer, headers) {
      const direct = addressOf(peer ?? '')?.toString() ?? 'unknown'
      if (!isTrusted(direct)) {
        for (const name of Object.keys(headers)) if (forwardingHeaders.test(name)) delete headers[name]
        return direct
      }
      return rightMostUntrusted(direct, hopsOf(headers['x-forwarded-for']), isTrusted)
    },
  }
}

function networkOf(text: string): Network {
  const network: Network = text.includes('/') ? ipaddr.parseCIDR(text) : whole(ipaddr.parse(text))
  return network
}

const whole = (address: ipaddr.IPv4 | ipaddr.IPv6): Network => [address, address.kind() === 'ipv4' ? 32 : 128]

/** IPv4 that came in over an IPv6 socket (::ffff:10.0.0.1) is IPv4. */
function addressOf(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
  // ipaddr.js also reads octal, hexadecimal and short forms, which others read as another address.
  if (!ipaddr.IPv4.isValidFourPartDecimal(bare) && !ipaddr.IPv6.isValid(bare)) return undefined
  return ipaddr.process(bare)
}

function contains([network, bits]: Network, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match(network, bits)
}

const hopsOf = (header: string | string[] | undefined): string[] =>
  (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '')
    .slice(-mostHops)

function rightMostUntrusted(direct: string, hops: string[], isTrusted: (address: string) => boolean): string {
  let client = direct
  for (const hop of hops.reverse()) {
    const address = addressOf(hop)
    if (address === undefined) return client
    client = address.toString()
    if (!isTrusted(client)) return client
  }
  return client
}
