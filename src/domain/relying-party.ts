// An app or API of the bank as its administrator registers it: by platform, with what each platform needs and nothing more.
import { consoleId, isWorkforce } from './console-party.ts'
import { type Connection, clientScopes, type RelyingParty } from './institution.ts'
import { labelFault } from './label.ts'
import { isBackchannel, isOrigin, redirectFault } from './redirect.ts'

export const platforms = ['ios', 'android', 'web', 'server'] as const
export type Platform = (typeof platforms)[number]

export const isPlatform = (value: string): value is Platform =>
  (platforms as readonly string[]).includes(value)

/** A field and what is wrong with it. */
export interface PartyFault {
  readonly field: string
  readonly message: string
}

/** What a registration may name. */
export interface PartyPlaces {
  readonly connections: readonly PartyConnection[]
  readonly scopes: readonly string[]
}

type PartyConnection = Pick<Connection, 'id' | 'audience'>

const idForm = /^[a-z0-9][a-z0-9._-]{1,63}$/

type Entry = Pick<
  RelyingParty,
  | 'id'
  | 'name'
  | 'kind'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'backchannelLogoutUri'
  | 'connections'
  | 'scopes'
  | 'webOrigins'
  | 'keys'
>

/** Everything that does not hold, field by field; empty when all does. */
export function partyFaults(party: Entry, places: PartyPlaces): PartyFault[] {
  const fault = (field: string, message: string | undefined): PartyFault[] =>
    message === undefined ? [] : [{ field, message }]
  const each = (field: string, values: readonly string[], judge: (value: string) => string | undefined) =>
    values.flatMap((value) => {
      const message = judge(value)
      return fault(field, message && `${value}: ${message}`)
    })
  const known = (of: readonly string[]) => (value: string) =>
    of.includes(value) ? undefined : 'is not there'
  return [
    ...fault('id', idFault(party.id)),
    ...fault('name', labelFault(party.name)?.message),
    ...each('redirectUris', party.redirectUris, redirectFault),
    ...each('postLogoutRedirectUris', party.postLogoutRedirectUris, redirectFault),
    ...each('webOrigins', party.webOrigins, (one) =>
      isOrigin(one) ? undefined : 'an origin is needed: https://app.example',
    ),
    ...each('connections', party.connections, known(places.connections.map(({ id }) => id))),
    ...fault('connections', mixedFault(party, places)),
    ...each('scopes', party.scopes, known(places.scopes)),
    ...fault('backchannelLogoutUri', backchannelFault(party)),
    ...kindFaults(party),
  ]
}

// The console's own entry has no row, and nobody takes its name; at `new` the console registers an app, and shows none.
const reserved: ReadonlySet<string> = new Set([consoleId, 'new'])

/** May a relying party be called so? */
export const isRelyingPartyId = (id: string): boolean => idForm.test(id) && !reserved.has(id)

/** Staff and customers sign in to apps of their own: the choice of the ones is never shown to the others. */
function mixedFault({ connections }: Pick<Entry, 'connections'>, places: PartyPlaces): string | undefined {
  const chosen = places.connections.filter(({ id }) => connections.includes(id))
  const staff = chosen.filter(isWorkforce)
  return staff.length === 0 || staff.length === chosen.length
    ? undefined
    : 'an app is for customers or for staff: do not choose connections of both'
}

/**
 * Of the connections that an app names, those that it may offer: where one is of customers, those alone. What is registered may
 * have become a mixture since, by a file or by a connection that staff sign in by from now on.
 */
export function offeredBy(
  { connections }: Pick<RelyingParty, 'connections'>,
  all: readonly PartyConnection[],
): readonly string[] {
  const staff = new Set(all.filter(isWorkforce).map(({ id }) => id))
  const customers = connections.filter((id) => !staff.has(id))
  return customers.length === 0 ? connections : customers
}

const idFault = (id: string): string | undefined =>
  isRelyingPartyId(id)
    ? undefined
    : 'lower-case letters, digits, dot, - and _ are allowed, and no reserved name'

const backchannelFault = ({ backchannelLogoutUri: uri }: Entry): string | undefined =>
  uri === undefined || isBackchannel(uri) ? undefined : 'a https address without fragment is needed'

/** What an app, and what an API, cannot do without. */
function kindFaults({ kind, redirectUris, connections, keys, scopes }: Entry): PartyFault[] {
  const faults: PartyFault[] = []
  if (kind === 'api') {
    if (keys.length === 0)
      faults.push({
        field: 'keys',
        message: 'an API proves itself by private_key_jwt: one public key is needed',
      })
    return faults
  }
  if (redirectUris.length === 0) faults.push({ field: 'redirectUris', message: 'an app needs one at least' })
  if (connections.length === 0)
    faults.push({ field: 'connections', message: 'choose by which its customers sign in' })
  for (const scope of scopes.filter((one) => clientScopes.includes(one)))
    faults.push({ field: 'scopes', message: `${scope} is for an API, never for an app` })
  return faults
}

/** The members that differ, for the audit; never a value. */
export function partyChanges(before: RelyingParty | undefined, after: RelyingParty): string[] {
  const [was, is] = [
    (before ?? {}) as Readonly<Record<string, unknown>>,
    after as unknown as Readonly<Record<string, unknown>>,
  ]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
  return names.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
}

/** The members that may let somebody in, or tell somebody, who was not let in or told before. */
export function partyWidened(before: RelyingParty, after: RelyingParty): string[] {
  const lists = [
    'redirectUris',
    'postLogoutRedirectUris',
    'webOrigins',
    'scopes',
    'connections',
    'transactionTypes',
  ] as const
  const grown = lists.filter((name) => after[name].some((one) => !before[name].includes(one)))
  const looser = (['requirePar', 'requireDpop'] as const).filter((name) => before[name] && !after[name])
  const floor = before.acrFloor !== undefined && before.acrFloor !== after.acrFloor ? ['acrFloor'] : []
  const keys = JSON.stringify(before.keys) === JSON.stringify(after.keys) ? [] : ['keys']
  // Who is told of the ends of sessions learns of customers.
  const { backchannelLogoutUri: told } = after
  const elsewhere = told !== undefined && told !== before.backchannelLogoutUri ? ['backchannelLogoutUri'] : []
  // What was used up by a look can be used by others from now on.
  const kept = before.introspection === 'consume' && after.introspection !== 'consume'
  const asks = asksMore(before.backchannel, after.backchannel) ? ['backchannel'] : []
  const rest = kept ? ['introspection'] : []
  return [...grown, ...looser, ...floor, ...keys, ...elsewhere, ...asks, ...rest]
}

/** May it ask customers who are not there where it could not before, or with less than before? */
function asksMore(before: RelyingParty['backchannel'], after: RelyingParty['backchannel']): boolean {
  if (after === undefined) return false
  if (before === undefined) return true
  const unmatched = after.number === 'none' && before.number !== 'none'
  const uncoded = before.userCode === true && after.userCode !== true
  const unsigned = before.signed === true && after.signed !== true
  // Who is pinged learns when customers answer.
  const elsewhere = after.ping !== undefined && after.ping !== before.ping
  return unmatched || uncoded || unsigned || elsewhere
}
