// Freezing: what somebody at the bank stops at once, on every node, and what of it ends for good; and lifting it again.
import { actorOf, isProven, mostReason, permits, type Visitor } from '../domain/administrator.ts'
import {
  accountTyped,
  type Freeze,
  type FreezeKind,
  type FreezeTarget,
  mostFreezeHours,
  traceOfTarget,
} from '../domain/freeze.ts'
import { mask } from '../domain/mask.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Administrators } from '../ports/administrators.ts'
import type { Freezes, SeenFreeze } from '../ports/freezes.ts'
import type { Devices, Directory } from '../ports/stores.ts'
import type { SubjectNames } from '../ports/subjects.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { AccountTokens } from './account-tokens.ts'
import { type CustomerEndPorts, endCustomer } from './subjects.ts'

export interface FreezePorts extends CustomerEndPorts {
  readonly freezes: Freezes
  readonly administrators: Pick<Administrators, 'get'>
  readonly subjectNames: Pick<SubjectNames, 'meant'>
  readonly devices: Pick<Devices, 'get'>
  readonly directory: Pick<Directory, 'core'>
  readonly transactions: Pick<Transactions, 'end' | 'get' | 'hold'>
  readonly tokenOfAccount: AccountTokens
}

/** What is to be frozen: by its name, or the payee of a transaction that the bridge knows. */
export type Named =
  | { readonly kind: FreezeKind; readonly name: string }
  | { readonly kind: 'payee'; readonly transaction: string }

export interface ToFreeze {
  /** Made with the form: a second press of its button is no second freeze. */
  readonly id: string
  readonly named: Named
  readonly why: string
  /** Until it ends by itself; undefined: until it is lifted. */
  readonly hours: number | undefined
}

export type FreezeFlows = ReturnType<typeof createFreezeFlows>

/** `set` and `lift` run inside a unit of work. */
export function createFreezeFlows(ports: FreezePorts) {
  const one = async (institution: string, id: string): Promise<SeenFreeze> => {
    const found = await ports.freezes.get(institution, id)
    if (found === undefined) throw new Refusal('request.not_found', { freeze: id })
    return found
  }
  return {
    list: (...asked: Parameters<Freezes['list']>) => ports.freezes.list(...asked),
    /** Refuses with `request.not_found`. */
    one,
    /** What this would be about, as people call it. Refuses as `set` does for what is not there. */
    nameOf: async (institution: string, named: Named): Promise<string> =>
      (await meant(ports, institution, named)).name,
    /**
     * In force from the commit on, by one person, at once. Refuses with `console.forbidden`, `freeze.reason`, `freeze.target` (no
     * account, an administrator, hours out of range), `subject.unknown`, `device.unknown`, `core.unknown`, `request.not_found`
     * (no such transaction), and `freeze.stale`: this id was used for something else, or its freeze is over.
     */
    set: (visitor: Visitor, wanted: ToFreeze) => set(ports, visitor, wanted),
    /**
     * Refuses with `console.forbidden`, `console.recent`, `freeze.reason` and `request.not_found`. Nothing happens where it was over
     * already; another freeze of the same, and what a back end disabled, stay.
     */
    async lift(visitor: Visitor, { id, why }: { readonly id: string; readonly why: string }): Promise<void> {
      const { institution } = visitor
      const freeze = await one(institution, id)
      admit(visitor, why)
      const at = ports.clock.now()
      if (!isProven(visitor, at)) throw new Refusal('console.recent', { freeze: id })
      const by = actorOf(visitor)
      if (await ports.freezes.lift(institution, id, { by, at, why }))
        told(ports, 'freeze.lifted', { freeze, by, why })
    },
  }
}

function admit(visitor: Visitor, why: string): void {
  if (!permits(visitor, 'freeze')) throw new Refusal('console.forbidden', { needs: 'freeze' })
  if (why === '' || why.length > mostReason) throw new Refusal('freeze.reason', { length: why.length })
}

async function set(ports: FreezePorts, visitor: Visitor, wanted: ToFreeze): Promise<void> {
  const { institution } = visitor
  const { id, named, why, hours } = wanted
  admit(visitor, why)
  if (hours !== undefined && !(hours >= 1 && hours <= mostFreezeHours))
    throw new Refusal('freeze.target', { hours })
  const target = await meant(ports, institution, named)
  const at = ports.clock.now()
  const by = actorOf(visitor)
  const endsAt = hours === undefined ? undefined : at + hours * 3600_000
  const freeze = { institution, id, ...target, why, by, at, endsAt }
  if (!(await ports.freezes.set(freeze))) return isAgain(ports, freeze)
  const ended = await endWhatIsFrozen(ports, institution, target)
  const until = endsAt === undefined ? {} : { until: new Date(endsAt).toISOString() }
  told(ports, 'freeze.set', { freeze, by, why, ...until, ...ended })
}

/** The same button once more; a form that comes back by the browser's history may be about something else by then. */
async function isAgain({ freezes }: FreezePorts, wanted: Omit<Freeze, 'lifted'>): Promise<void> {
  const made = await freezes.get(wanted.institution, wanted.id)
  const { kind, key } = wanted
  if (made?.kind !== kind || made.key !== key || made.state === 'over')
    throw new Refusal('freeze.stale', { freeze: wanted.id })
}

type Meant = FreezeTarget & Pick<Freeze, 'name'>

async function meant(ports: FreezePorts, institution: string, named: Named): Promise<Meant> {
  if ('transaction' in named) return payeeOf(ports, institution, named.transaction)
  const { kind, name } = named
  switch (kind) {
    case 'customer':
      return customerNamed(ports, institution, name)
    case 'device': {
      const device = await ports.devices.get(institution, name)
      if (device === undefined) throw new Refusal('device.unknown')
      return { kind, key: device.jkt, name: device.id }
    }
    case 'payee':
      return payeeNamed(ports, institution, name)
    case 'core':
      if ((await ports.directory.core(institution, name)) === undefined) throw new Refusal('core.unknown')
      return { kind, key: name, name }
  }
}

/** Whoever may freeze could else shut the owners out: an administrator loses their roles instead. */
async function customerNamed(ports: FreezePorts, institution: string, name: string): Promise<Meant> {
  const key = await ports.subjectNames.meant(institution, name)
  if (key === undefined) throw new Refusal('subject.unknown')
  if ((await ports.administrators.get(institution, key)) !== undefined)
    throw new Refusal('freeze.target', { administrator: true })
  return { kind: 'customer', key, name: key }
}

function payeeNamed({ tokenOfAccount }: FreezePorts, institution: string, typed: string): Meant {
  const account = accountTyped(typed)
  if (account === undefined) throw new Refusal('freeze.target', { account: false })
  return { kind: 'payee', key: tokenOfAccount(institution, account), name: account }
}

/** By the transaction's own account, letter by letter as the policy compares it. */
async function payeeOf(ports: FreezePorts, institution: string, id: string): Promise<Meant> {
  const found = await ports.transactions.get(institution, id)
  const account = found?.transaction.creditorAccount
  if (account === undefined) throw new Refusal('request.not_found', { transaction: id })
  return { kind: 'payee', key: ports.tokenOfAccount(institution, account), name: account }
}

/** Sessions and tokens end for good; what is only stopped may go on once the freeze is over. */
async function endWhatIsFrozen(ports: FreezePorts, institution: string, { kind, key }: FreezeTarget) {
  if (kind === 'customer') await endCustomer(ports, institution, key)
  if (kind !== 'device') return {}
  return { tokens_ended: await ports.tokens.revoke(institution, { jkt: key }) }
}

/** Why stands sealed: it is of a person. */
function told(
  { audit }: FreezePorts,
  type: 'freeze.set' | 'freeze.lifted',
  { freeze, why, ...said }: Told,
): void {
  const { id, kind, key, name } = freeze
  audit.record({
    ...{ type, outcome: 'ok', ...traceOfTarget(freeze) },
    detail: { id, kind, ...(kind === 'payee' && { payee: key }), ...said },
    personal: { why, ...(kind === 'payee' && { account: mask(name) }) },
  })
}

interface Told {
  readonly freeze: Pick<Freeze, 'id' | 'kind' | 'key' | 'name'>
  readonly by: string
  readonly why: string
  readonly until?: string
  readonly tokens_ended?: number
}
