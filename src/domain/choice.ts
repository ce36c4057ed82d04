// Which of several connections a customer signs in by, where that can be told without asking.
import type { Connection } from './institution.ts'

/** What the app says of its customer; hints narrow a choice and never widen it. */
export interface ChoiceHints {
  /** `idp_hint`: the id of a connection. */
  readonly connection: string | undefined
  /** `login_hint`: only a mail domain in it is looked at. */
  readonly login: string | undefined
}

/** The domain of a mail address as DNS has it; undefined where the text is no address. */
export function mailDomain(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1).trim()
  if (at < 1 || address.length > 320 || /[\s/?#:\\@[\]%]/.test(domain)) return undefined
  // The URL parser writes international names as DNS has them.
  const host = URL.parse(`https://${domain}`)?.hostname
  return host !== undefined && isMailDomain(host) ? host : undefined
}

/** Is this a domain as a connection may list it: lower case, two labels at least? */
export const isMailDomain = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.[a-z][a-z0-9-]{1,62}$/.test(text)

/** The one connection at which this address is at home; undefined when none is, or more than one. */
export function homeOf<T extends Pick<Connection, 'domains'>>(
  offered: readonly T[],
  address: string | undefined,
): T | undefined {
  const domain = address === undefined ? undefined : mailDomain(address)
  if (domain === undefined) return undefined
  const [home, second] = offered.filter(({ domains = [] }) => domains.includes(domain))
  return second === undefined ? home : undefined
}

/** The connection that needs no asking for: the only one, the one that the app names, the home of its customer. */
export function plainChoice(offered: readonly Connection[], hints: ChoiceHints): Connection | undefined {
  if (offered.length === 1) return offered[0]
  return offered.find(({ id }) => id === hints.connection) ?? homeOf(offered, hints.login)
}
