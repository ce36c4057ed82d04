// One question to a customer: who asked, what they read, what they answered and how surely, and the transaction it was about.
import { levelName } from '../domain/acr.ts'
import { shownApprovalState } from '../domain/approval.ts'
import type { Institution } from '../domain/institution.ts'
import { mask, withoutAccounts } from '../domain/mask.ts'
import { maskedDisplay } from '../domain/masked-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { ApprovalSearch, SeenApproval, SeenEvidence } from '../flows/approval-search.ts'
import type { RelyingPartyFlows } from '../flows/relying-parties.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, masked, type Row } from '../http/page/parts.ts'
import {
  approvalBadge,
  approvalMeans,
  approvalNames,
  approvalTones,
  originNames,
  strengthNames,
} from './approval-words.ts'
import type { Visit } from './desk.ts'
import { freezeLinks } from './freeze-words.ts'
import type { ConsoleView } from './page.ts'
import { moneyText } from './policy-words.ts'
import { appNames } from './search.ts'
import { partiesText } from './transaction-words.ts'
import { moment } from './words.ts'

export interface ApprovalPagePorts {
  readonly approvalSearch: ApprovalSearch
  readonly relyingParties: Pick<RelyingPartyFlows, 'list'>
}

const place = '/approvals'

export async function approvalPage(visit: Visit, ports: ApprovalPagePorts): Promise<ConsoleView> {
  const { institution } = visit
  const found = await ports.approvalSearch.one(institution.id, String(visit.ctx.params.id))
  const { one, evidence, now } = found
  const names = await appNames(ports, institution.id)
  const app = names.get(one.relyingParty) ?? one.relyingParty
  const state = shownApprovalState(one, now)
  return {
    title: `Approval ${one.reference === '' ? one.id : one.reference}`,
    heading: html`${headingOf(one)}: ${approvalNames[state].toLowerCase()}`,
    lead: html`${approvalMeans[state]} ${moment(one.createdAt)}`,
    aside: html`<div>${approvalBadge(one, now)}</div>`,
    place,
    main: html`<div class="grid">
<section class="card w8 fill" aria-labelledby="text"><header><h2 id="text">The text for the customer</h2></header>${textOf(institution, one, app)}</section>
<section class="card w4 fill" aria-labelledby="states"><header><h2 id="states">What became of it</h2></header>${timeline(one, now)}</section>
<section class="card fill stack-l" aria-labelledby="who"><header><h2 id="who">Who asked whom</h2></header>${whoOf(visit, one, app)}${freezeLinks(visit, { subject: one.subject, device: one.device, transaction: one.transaction?.creditorAccount && one.transactionId })}</section>
<section class="card fill" aria-labelledby="how"><header><h2 id="how">How it was answered</h2></header>${answerOf(one, evidence)}</section>
</div>`,
  }
}

const headingOf = ({ transaction }: SeenApproval): string => {
  if (transaction === undefined) return 'A sign-in'
  const { amount, type } = transaction
  return amount === undefined ? type : `${moneyText(amount.minor, amount.currency)}, ${type}`
}

/** What is asked for on one line, with names and the ends of accounts. */
export function askedFor(institution: Institution, { transaction }: SeenApproval): Html {
  if (transaction === undefined) return html`Sign-in`
  return partiesText(transaction, typeNamed(typesOf(institution), transaction.type))
}

/** In English, whatever language it was read in; the values are the same in each. */
function textOf(institution: Institution, one: SeenApproval, app: string): Html {
  const { transaction, bindingMessage, place: from } = one
  const what =
    transaction === undefined
      ? { title: `Sign in to ${app}`, rows: [] }
      : maskedDisplay(transaction, typeNamed(typesOf(institution), transaction.type), 'en')
  const where = [from.device, from.town, from.address && mask(from.address)].filter(Boolean).join(', ')
  const said =
    what.title === undefined
      ? html`<p class="quiet">The type <code>${transaction?.type}</code> is gone or was changed since, so that every value is masked.</p>`
      : html`<p><strong>${what.title}</strong></p>`
  return html`${said}${keyValues([
    ...what.rows.map(
      ({ label, value, note }): Row => [
        label,
        html`${linesOf(value)}${note !== undefined && html` <span class="quiet">${note}</span>`}`,
      ],
    ),
    ['Asked for by', bdi(app)],
    bindingMessage === undefined ? undefined : ['Their message', bdi(withoutAccounts(bindingMessage))],
    where === '' ? undefined : ['Asked for from', bdi(where)],
  ])}<p class="small quiet">In English. The customer reads account numbers and addresses whole, in their own language.</p>`
}

const linesOf = (value: string): Html[] =>
  value
    .split('\n')
    .map((line, n) => html`${n > 0 && html`<br>`}${/^•{4}\w*$/.test(line) ? masked('en', line) : bdi(line)}`)

function timeline(one: SeenApproval, now: number): Html {
  const state = shownApprovalState(one, now)
  const at = one.endedAt ?? (state === 'expired' ? one.expiresAt : undefined)
  const reached =
    at === undefined
      ? html`<li><strong>${approvalNames[state]}</strong> <span class="small quiet">until ${moment(one.expiresAt)}</span><p class="small quiet">${approvalMeans[state]}</p></li>`
      : html`<li class="${approvalTones[state]}"><strong>${approvalNames[state]}</strong>${moment(at)}<p class="small quiet">${approvalMeans[state]}</p></li>`
  return html`<ol class="timeline"><li><strong>Asked</strong>${moment(one.createdAt)}</li>\n${reached}</ol>`
}

function whoOf(visit: Visit, one: SeenApproval, app: string): Html {
  const { subject, transactionId, reference } = one
  return keyValues([
    ['Asked by', html`${bdi(app)} <code>${one.relyingParty}</code>`],
    ['How', originNames[one.origin]],
    one.role === undefined ? undefined : ['Signs as', html`<code>${one.role}</code>`],
    [
      'Customer',
      html`<a href="${visit.path(`${place}?${new URLSearchParams({ sub: subject })}`)}"><code>${subject}</code></a>`,
    ],
    transactionId === undefined
      ? undefined
      : [
          'Transaction',
          html`<a href="${visit.path(`/transactions/${transactionId}`)}">What was decided, and why</a>`,
        ],
    reference === '' ? undefined : ['Reference', html`<span class="ref">${reference}</span>`],
    ['Level that was asked for', levelName(one.acr)],
    ['Hash of what was asked', html`<code>${one.hash}</code>`],
    ['Id', html`<code>${one.id}</code>`],
  ])
}

function answerOf({ device }: SeenApproval, evidence: SeenEvidence | undefined): Html {
  if (device === undefined && evidence === undefined)
    return html`<p class="quiet">No phone has answered it.</p>`
  return keyValues([
    device === undefined ? undefined : ['Device', html`<code>${device}</code>`],
    evidence && ['Strength', strengthNames[evidence.strength]],
    evidence && ['Methods', html`<code>${evidence.methods.join(' ')}</code>`],
    evidence && ['Number', evidence.numberMatched ? 'Typed as it was shown where it began' : 'Not asked for'],
    evidence && ['Digest of the evidence', html`<code>${evidence.digest}</code>`],
  ])
}
