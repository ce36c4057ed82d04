// Registering the bank's apps and APIs in the console; each change audited, and refused where a file rules the row.
import { claimsOfScope } from '../domain/claims.ts'
import {
  type Connection,
  clientScopes,
  limitScope,
  type RelyingParty,
  scopeOfCore,
} from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { partyChanges, partyFaults } from '../domain/relying-party.ts'
import type { RelyingPartyRecord, RelyingPartyStore } from '../ports/relying-parties.ts'
import type { Directory } from '../ports/stores.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface RelyingPartyPorts {
  readonly relyingPartyStore: RelyingPartyStore
  readonly directory: Pick<Directory, 'everything'>
  readonly tokens: Pick<TokenStore, 'revoke'>
  readonly audit: Audit
}

/** What a registration may choose from. */
export interface PartyChoices {
  readonly connections: readonly Pick<Connection, 'id' | 'name' | 'audience' | 'state'>[]
  readonly scopes: readonly string[]
}

export type RelyingPartyFlows = ReturnType<typeof createRelyingParties>

/**
 * Every function runs inside a unit of work. Writers refuse with `relying_party.settings` (detail `faults`),
 * `connection.exists`, `connection.stale` and `connection.managed`, which mean for an app what they mean for a connection.
 */
export function createRelyingParties(ports: RelyingPartyPorts) {
  const { relyingPartyStore: store } = ports
  return {
    list: (institution: string) => store.list(institution),
    /** Refuses with `request.not_found`. */
    get: (institution: string, id: string) => found(ports, institution, id),
    choices: (institution: string) => choicesOf(ports, institution),
    async create(party: RelyingParty, by: string): Promise<void> {
      await check(ports, party)
      if (!(await store.create(party))) throw new Refusal('connection.exists', { relyingParty: party.id })
      note(ports, party, { change: 'created', by, fields: [] })
    },
    async change(party: RelyingParty, version: number, by: string): Promise<void> {
      const { party: before, managedBy } = await found(ports, party.institution, party.id)
      if (managedBy === 'file') throw new Refusal('connection.managed', { relyingParty: party.id })
      await check(ports, party)
      const fields = partyChanges(before, party)
      if (fields.length === 0) return
      if (!(await store.change(party, version)))
        throw new Refusal('connection.stale', { relyingParty: party.id })
      note(ports, party, { change: 'saved', by, fields })
    },
    /** The app is gone at once, with every code, token and grant that it had. */
    async remove({ party, version }: Removal, by: string): Promise<void> {
      const { institution, id } = party
      if (!(await store.remove(institution, id, version)))
        throw new Refusal('connection.stale', { relyingParty: id })
      await ports.tokens.revoke(institution, { client: id })
      note(ports, party, { change: 'removed', by, fields: [] })
    },
  }
}

type Removal = Pick<RelyingPartyRecord, 'party' | 'version'>

async function found({ relyingPartyStore }: RelyingPartyPorts, institution: string, id: string) {
  const record = await relyingPartyStore.get(institution, id)
  if (record === undefined) throw new Refusal('request.not_found', { relyingParty: id })
  return record
}

async function choicesOf({ directory }: RelyingPartyPorts, institution: string): Promise<PartyChoices> {
  const set = await directory.everything(institution)
  const cores = (set?.cores ?? []).map(({ id }) => scopeOfCore(id))
  return {
    connections: (set?.connections ?? []).map(({ id, name, audience, state }) => ({
      ...{ id, name, audience, state },
    })),
    scopes: [
      ...Object.keys(claimsOfScope),
      'offline_access',
      'device',
      limitScope,
      ...clientScopes,
      ...cores,
    ],
  }
}

async function check(ports: RelyingPartyPorts, party: RelyingParty): Promise<void> {
  const { connections, scopes } = await choicesOf(ports, party.institution)
  const faults = partyFaults(party, { connections, scopes })
  if (faults.length > 0) throw new Refusal('relying_party.settings', { faults })
}

function note(
  { audit }: RelyingPartyPorts,
  { id }: RelyingParty,
  { change, by, fields }: { change: string; by: string; fields: readonly string[] },
): void {
  audit.record({
    type: 'relying_party.changed',
    outcome: 'ok',
    relyingParty: id,
    detail: { change, by, fields },
  })
}
