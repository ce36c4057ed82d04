// How connections are spoken of: their state in words first, who did what, what a protocol is called.
import type { ConnectionContent } from '../domain/institution.ts'
import type { ConnectionChange, ConnectionRecord } from '../ports/connections.ts'

/** After the name, as the page's finding: "Alder Personal is live". */
export function findingOf({ state, proposal }: Pick<ConnectionRecord, 'state' | 'proposal'>): string {
  if (proposal !== undefined) return 'is live, and a change is waiting'
  return findings[state]
}

const findings: Readonly<Record<ConnectionRecord['state'], string>> = {
  draft: 'is not tested yet',
  tested: 'passed its test and can go live',
  active: 'is live',
  disabled: 'is switched off',
}

export const audienceName = ({ audience }: Pick<ConnectionContent, 'audience'>): string =>
  audience === 'workforce' ? 'Staff' : 'Customers'

const changeNames: Readonly<Record<ConnectionChange, string>> = {
  created: 'Made',
  saved: 'Saved',
  proposed: 'Change proposed',
  discarded: 'Change discarded',
  tested: 'Test login passed',
  activated: 'Activated',
  disabled: 'Disabled',
  restored: 'Earlier version restored',
  refreshed: 'Metadata read again',
  applied: 'Applied from a file',
  removed: 'Removed',
}

export const changeName = (change: ConnectionChange): string => changeNames[change]

const actors: Readonly<Record<string, string>> = {
  schedule: 'Drawbridge, by schedule',
  command: 'The operator, by command',
  start: 'Drawbridge, at its start',
  file: 'The operator’s file',
  'set-up': 'The set-up link',
  'break-glass': 'A passkey from the safe',
}

/** Who it was; `nameOf` finds the name of an administrator's subject. */
export async function actorText(by: string, nameOf: (subject: string) => Promise<string>): Promise<string> {
  const [kind = '', id = ''] = by.split(/:(.*)/s)
  return kind === 'administrator' ? nameOf(id) : (actors[kind] ?? by)
}

/** Levels of ours by their short names, as pages say them. */
export const levelLabels: Readonly<Record<string, string>> = {
  delegated: 'Counts as a sign-in at the IdP',
  device: 'Counts as a sign-in with a device',
  'device-pin': 'Counts as a sign-in with a device and a PIN',
}

/** Whom a connection is for, as forms offer it. */
export const audienceChoices = { customers: 'Customers', workforce: 'Staff of the bank' } as const

export const raisedByChoices = { bridge: 'The bridge', idp: 'The IdP' } as const

export const raisedByLabel = 'Who asks for more, where both could'
