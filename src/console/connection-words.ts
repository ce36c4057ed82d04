// How connections are spoken of: their state in words first, who did what, what a protocol is called.
import type { ConnectionContent } from '../domain/institution.ts'
import { type Html, html } from '../http/page/html.ts'
import type { ConnectionChange, ConnectionRecord } from '../ports/connections.ts'

export interface Standing {
  readonly badge: string
  readonly tone: '' | 'ok' | 'warn' | 'bad' | 'info'
  /** After the name, as the page's finding: "Alder Personal is live". */
  readonly finding: string
}

type Standings = Pick<ConnectionRecord, 'state' | 'proposal'>

export function standingOf({ state, proposal }: Standings): Standing {
  if (state === 'active' && proposal !== undefined)
    return { badge: 'Change waiting', tone: 'warn', finding: 'is live, and a change is waiting' }
  return {
    draft: { badge: 'Draft', tone: '', finding: 'is not tested yet' },
    tested: { badge: 'Tested', tone: 'info', finding: 'passed its test and can go live' },
    active: { badge: 'Live', tone: 'ok', finding: 'is live' },
    disabled: { badge: 'Disabled', tone: 'bad', finding: 'is switched off' },
  }[state] as Standing
}

export const badge = ({ badge: word, tone }: Pick<Standing, 'badge' | 'tone'>): Html =>
  html`<span class="badge${tone !== '' && ` ${tone}`}">${word}</span>`

export const protocolName = (type: string): string =>
  ({ saml: 'SAML 2.0', oidc: 'OpenID Connect' })[type] ?? type

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
  removed: 'Removed by a file',
}

export const changeName = (change: ConnectionChange): string => changeNames[change]

const actors: Readonly<Record<string, string>> = {
  schedule: 'Drawbridge, by schedule',
  command: 'The operator, by command',
  file: 'The operator’s file',
  'set-up': 'The set-up link',
  'break-glass': 'A passkey from the safe',
}

/** Who it was; `nameOf` finds the name of an administrator's subject. */
export async function actorText(by: string, nameOf: (subject: string) => Promise<string>): Promise<string> {
  const [kind = '', id = ''] = by.split(/:(.*)/s)
  return kind === 'administrator' ? nameOf(id) : (actors[kind] ?? by)
}
