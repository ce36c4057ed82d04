// The demo bank with a second connection, for business customers; to the same IdP, which answers at another address.
import { formIn } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import type { Connection, Institution, RelyingParty } from '../../src/domain/institution.ts'
import type { TestBridge } from './bridge.ts'
import type { Customer } from './customer.ts'

export const personal = 'alder-idp'
export const business = 'alder-business'

export interface Changes {
  readonly institution?: Partial<Institution>
  readonly personal?: Partial<Connection>
  readonly business?: Partial<Connection>
  readonly app?: Partial<RelyingParty>
  /** More apps, made from the phone's row. */
  readonly apps?: readonly (Partial<RelyingParty> & { readonly id: string })[]
}

/** Applies the demo's rows with both connections; the phone may use both. */
export async function applyTwo({ application, world }: TestBridge, changes: Changes = {}): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const first = rows.connections[0] as Connection
  const [phone, ...others] = rows.relyingParties as [RelyingParty, ...RelyingParty[]]
  const app = { ...phone, connections: [personal, business], ...changes.app }
  const set = {
    ...rows,
    institution: { ...rows.institution, ...changes.institution },
    connections: [
      { ...first, name: 'Personal', ...changes.personal },
      { ...first, id: business, name: 'Business', domains: ['birch.example'], ...changes.business },
    ],
    relyingParties: [app, ...others, ...(changes.apps ?? []).map((more) => ({ ...app, ...more }))],
  }
  await application.apply([set], { dryRun: false })
}

/** Opens a sign-in up to the first page that asks something: the chooser or the IdP's login. */
export async function opened(who: Customer, extra: Readonly<Record<string, string>> = {}) {
  const started = await who.app.begin(extra)
  return { started, page: await who.browser.follow(started.url, { until: who.app.redirectUri }) }
}

/** Presses a button of the chooser. */
export function press(
  who: Customer,
  page: { url: string; body: string },
  fields: Readonly<Record<string, string>>,
) {
  const form = formIn(page)
  return who.browser.follow(form.action, {
    until: who.app.redirectUri,
    form: { ...form.fields, ...fields },
  })
}
