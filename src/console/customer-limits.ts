// The limits that a customer set themselves, for whoever is asked why the bank asks so often; read only: they are the customer's.

import type { Limit } from '../domain/limit.ts'
import type { OwnLimits } from '../domain/own-limits.ts'
import type { OwnLimitFlows } from '../flows/own-limits.ts'
import { type Html, html } from '../http/page/html.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { limitSentence } from './policy-words.ts'
import { askedIn, customerField, searchMain } from './search.ts'
import { dataTable } from './table.ts'
import { badge, count, moment } from './words.ts'

export interface CustomerLimitPorts {
  readonly ownLimitFlows: Pick<OwnLimitFlows, 'of'>
}

const place = '/limits'

/** Where a customer's limits stand. */
export const limitsOfCustomer = ({ path }: Visit, sub: string): string =>
  path(`${place}?${new URLSearchParams({ sub })}`)

export function customerLimitPages(desk: Desk, ports: CustomerLimitPorts): void {
  desk.page(place, 'transactions', (visit) => limitsPage(visit, ports))
}

async function limitsPage(visit: Visit, { ownLimitFlows }: CustomerLimitPorts): Promise<ConsoleView> {
  const { sub } = askedIn(visit, ['sub'])
  const found =
    sub === '' ? undefined : await ownLimitFlows.of({ institution: visit.institution.id, subject: sub })
  return {
    title: 'Limits of a customer’s own',
    heading: found && headingOf(found),
    lead: 'What the customer wants to approve beyond what the policy asks. Only the customer changes it, in their app. Account numbers are masked.',
    place: '/transactions',
    main: searchMain({
      label: 'Limits',
      finder: html`<form method="get" action="${visit.path(place)}" class="finder">${customerField(sub)}<button class="btn primary">Find</button></form>`,
      list: found === undefined ? asking : listOf(found),
    }),
  }
}

const asking = html`<div class="empty"><h3>Name a customer</h3><p>The page of each transaction leads here as well.</p></div>`

const headingOf = ({ version, limits, leaving }: OwnLimits): string => {
  if (version === 0) return 'None was ever set'
  const set = `${count(limits.length, 'limit', 'limits')} of the customer’s own`
  return leaving === undefined
    ? set
    : `${set}, ${count(leaving.limits.length, 'earlier one', 'earlier ones')} until the cool-down ends`
}

function listOf({ version, limits, leaving }: OwnLimits): Html {
  if (version === 0)
    return html`<div class="empty"><h3>The policy alone decides</h3><p>Nobody of this name has set a limit.</p></div>`
  const rows = [
    ...limits.map((limit) => rowOf(limit, badge('ok', 'Holds'))),
    ...(leaving?.limits ?? []).map((limit) =>
      rowOf(
        limit,
        html`${badge('warn', 'Holds, was loosened')}<small>until ${moment(leaving?.at ?? 0)}</small>`,
      ),
    ),
  ]
  if (rows.length === 0)
    return html`<p class="quiet">The customer took their limits back: version ${version} has none.</p>`
  return html`${dataTable({
    caption: `Version ${version}`,
    label: 'Limits table',
    columns: [{ name: 'Limit' }, { name: 'What it says' }, { name: 'State' }],
    rows,
  })}`
}

const rowOf = (limit: Limit, state: Html): readonly (Html | string)[] => [
  html`<code>${limit.id}</code>`,
  limitSentence(limit),
  state,
]
