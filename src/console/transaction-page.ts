// One transaction: what the customer read, what was decided and why, on which facts, and whether it comes out the same again.

import { acrLadder, levelName } from '../domain/acr.ts'
import { actorOf } from '../domain/administrator.ts'
import { type CustomerTransaction, type DecidedAgain, shownState } from '../domain/customer-transaction.ts'
import { fileText } from '../domain/evidence-bundle.ts'
import { isExceeded, type Limit, type Measure } from '../domain/limit.ts'
import { mask } from '../domain/mask.ts'
import { maskedDisplay, maskedParties } from '../domain/masked-display.ts'
import { signatoriesOf } from '../domain/outcome.ts'
import { type Policy, type PolicyInputs, type Rule, voicesOf } from '../domain/policy.ts'
import { factTypes, type PolicyFacts, unasked } from '../domain/policy-facts.ts'
import { rolesOf } from '../domain/signatories.ts'
import { type TransactionType, typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { ApprovalSearch, SeenApproval } from '../flows/approval-search.ts'
import type { CaseFlows } from '../flows/cases.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { EvidenceExport } from '../flows/evidence-export.ts'
import type { RelyingPartyFlows } from '../flows/relying-parties.ts'
import type { Explained, TransactionFlows } from '../flows/transactions.ts'
import { evidenceId } from '../http/evidence.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, masked, notice, type Row } from '../http/page/parts.ts'
import { approvalBadge } from './approval-words.ts'
import { actorText } from './connection-words.ts'
import { limitsOfCustomer } from './customer-limits.ts'
import type { Download, Visit } from './desk.ts'
import { freezeLinks } from './freeze-words.ts'
import type { ConsoleView } from './page.ts'
import { conditionText, limitName, ruleName } from './policy-view.ts'
import {
  limitSentence,
  measuredText,
  moneyText,
  outcomeBadge,
  outcomeText,
  reasonText,
} from './policy-words.ts'
import { ratesText, rateText } from './rates-view.ts'
import { actionBadge } from './risk-words.ts'
import { dataTable } from './table.ts'
import { stateBadge, stateMeans, stateNames } from './transaction-words.ts'
import { badge, moment } from './words.ts'

export interface TransactionPagePorts {
  readonly transactionFlows: TransactionFlows
  readonly approvalSearch: Pick<ApprovalSearch, 'list'>
  readonly relyingParties: Pick<RelyingPartyFlows, 'list'>
  readonly evidenceExport: EvidenceExport
  readonly caseFlows: Pick<CaseFlows, 'of'>
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
}

const place = '/transactions'

export async function transactionPage(visit: Visit, ports: TransactionPagePorts): Promise<ConsoleView> {
  const { institution } = visit
  const explained = await ports.transactionFlows.explain(institution, String(visit.ctx.params.id))
  const { one, policy, now } = explained
  const type = typeNamed(typesOf(institution), one.transaction.type)
  const app = (await ports.relyingParties.list(institution.id)).find(
    ({ party }) => party.id === one.relyingParty,
  )
  // While others have yet to sign, it would be evidence of too few.
  const proven =
    shownState(one, now) !== 'signing' && (await ports.evidenceExport.has(institution.id, one.id))
  const { found: asked } = await ports.approvalSearch.list(institution.id, {
    ...{ transactionId: one.id, limit: 100 },
  })
  return {
    title: `Transaction ${one.reference === '' ? one.id : one.reference}`,
    heading: html`${headingOf(one)}: ${stateNames[shownState(one, now)].toLowerCase()}`,
    lead: html`${reasonText(one.decision.reason, policy, one.inputs.own)} ${moment(one.createdAt)}`,
    aside: html`<div>${!isStopped(one) && html`${outcomeBadge(one.decision.outcome)} `}${stateBadge(one, now)}</div>`,
    place,
    main: html`<div class="grid">
${againCard(explained)}
<section class="card w8 fill" aria-labelledby="text"><header><h2 id="text">The text for the customer</h2></header>${textOf(one, type)}</section>
<section class="card w4 fill" aria-labelledby="states"><header><h2 id="states">What became of it</h2></header>${timeline(one, now)}${proven && evidenceLink(visit, one)}</section>
<section class="card fill stack-l" aria-labelledby="decision"><header><h2 id="decision">The decision</h2></header>${decisionOf(visit, explained, { app: app?.party.name, asked, cases: await caseRows(visit, ports, one) })}${freezeLinks(visit, { subject: one.subject, transaction: one.transaction.creditorAccount && one.id })}</section>
${policy && rulesCard(one, policy)}
${limitsCard(visit, one, policy)}
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">The facts it was decided on</h2></header>${factsOf(one.inputs.facts, maskedParties(one.transaction, type).name)}</section>
</div>`,
  }
}

/** What proves the approval, as a file (docs/evidence.md). */
export async function evidenceDownload(visit: Visit, ports: TransactionPagePorts): Promise<Download> {
  const { ctx, institution, tenant, visitor } = visit
  const wanted = { transaction: evidenceId(String(ctx.params.id)), by: { administrator: actorOf(visitor) } }
  const file = await ports.evidenceExport.export(institution, tenant.issuer, wanted)
  return { name: `evidence-${file.bundle.material.id}.json`, json: fileText(file) }
}

const evidenceLink = (visit: Visit, { id }: CustomerTransaction): Html =>
  html`<p><a class="btn" href="${visit.path(`${place}/${id}/evidence`)}" download>Download the evidence</a></p><p class="small quiet">Signed by the institution. It names the customer’s accounts in full.</p>`

/** What it is, in a few words. */
export const headingOf = ({ transaction: { amount, type } }: CustomerTransaction): string =>
  amount === undefined ? type : `${moneyText(amount.minor, amount.currency)}, ${type}`

const againWords: Readonly<Record<DecidedAgain['kind'], readonly ['ok' | 'warn' | 'bad', string, string]>> = {
  same: [
    'ok',
    'Decided again, it comes out the same.',
    'From the policy of that version and the facts that were kept with the transaction.',
  ],
  other: ['bad', 'Decided again, it comes out otherwise.', ''],
  'no-policy': [
    'warn',
    'It cannot be decided again.',
    'The policy of that version is not kept: nothing was applied between the update and this decision.',
  ],
  'other-policy': [
    'bad',
    'It cannot be decided again: the kept policy is not the one that decided.',
    'Its content does not have the hash that is its version. Tell the operator.',
  ],
}

function againCard({ again: found }: Explained): Html {
  const [tone, outcome, meaning] = againWords[found.kind]
  const told =
    found.kind === 'other'
      ? html`It would be: ${outcomeText(found.decision.outcome)}, <code>${found.decision.reason}</code>. Either what decides was changed by an update, or what was kept was altered. Tell the operator.`
      : meaning
  return html`<div>${notice(tone, outcome, told)}</div>`
}

/** The policy stopped it before anybody was asked. */
const isStopped = ({ decision: { outcome } }: CustomerTransaction): boolean =>
  outcome.kind === 'deny' || outcome.kind === 'review'

/** In English, whatever language it was read in; the values are the same in each. */
export function textOf(one: CustomerTransaction, type: TransactionType | undefined): Html {
  const { transaction } = one
  const { title, rows } = maskedDisplay(transaction, type, 'en')
  const said =
    title === undefined
      ? html`<p class="quiet">The type <code>${transaction.type}</code> is gone or was changed since, so that every value is masked.</p>`
      : html`<p><strong>${title}</strong></p>`
  return html`${said}${keyValues(
    rows.map(({ label, value, note }) => [
      label,
      html`${linesOf(value)}${note !== undefined && html` <span class="quiet">${note}</span>`}`,
    ]),
  )}<p class="small quiet">${isStopped(one) ? 'Nobody read it: the policy stopped it before.' : 'In English. A customer who is asked reads account numbers whole, in their own language.'}</p>`
}

const linesOf = (value: string): Html[] =>
  value
    .split('\n')
    .map((line, n) => html`${n > 0 && html`<br>`}${/^•{4}\w*$/.test(line) ? masked('en', line) : bdi(line)}`)

const decidedTones = { allow: 'ok', 'step-up': '', review: 'warn', deny: 'bad' } as const

function timeline(one: CustomerTransaction, now: number): Html {
  const state = shownState(one, now)
  const tone = { approved: 'ok', used: 'ok', refused: 'bad', held: 'warn' }[state as 'approved'] ?? ''
  const at = one.usedAt ?? one.endedAt ?? (state === 'lapsed' ? one.expiresAt : undefined)
  // What the gateway decided by itself was used in the same moment: nobody approved it in between.
  const approved = one.usedAt !== undefined && one.endedAt !== undefined && one.endedAt < one.usedAt
  const before =
    approved && html`<li class="ok"><strong>${stateNames.approved}</strong>${moment(one.endedAt ?? 0)}</li>`
  const reached =
    at === undefined
      ? html`<li><strong>${stateNames[state]}</strong> <span class="small quiet">until ${moment(one.expiresAt)}</span><p class="small quiet">${stateMeans[state]}</p></li>`
      : html`<li class="${tone}"><strong>${stateNames[state]}</strong>${moment(at)}<p class="small quiet">${stateMeans[state]}</p></li>`
  return html`<ol class="timeline"><li class="${decidedTones[one.decision.outcome.kind]}"><strong>Decided: ${outcomeText(one.decision.outcome)}</strong>${moment(one.createdAt)}</li>\n${before}${reached}</ol>`
}

/** What the customer was asked about it on a phone. */
const questions = (visit: Visit, asked: readonly SeenApproval[], now: number): Html =>
  html`${asked.map((question) => html`<a href="${visit.path(`/approvals/${question.id}`)}">${moment(question.createdAt)}</a> ${approvalBadge(question, now)} `)}`

/** Who has to sign beside the customer, and how each of those who were asked answered. */
function signatoriesRow(
  visit: Visit,
  one: CustomerTransaction,
  { asked, now }: SignatoriesAsked,
): Row | undefined {
  const needed = rolesOf(signatoriesOf(one.decision.outcome))
  if (needed.length === 0) return undefined
  const rows = needed.map(([role, count]) => {
    const theirs = asked.filter((question) => question.role === role)
    const signed = theirs.filter(({ state }) => state === 'approved').length
    const lines = theirs.map((question) => html`<div>${questions(visit, [question], now)}</div>`)
    return html`<div>${role}: ${signed} of ${count} signed</div>${lines}`
  })
  return ['Signatories', html`${rows}`]
}

interface SignatoriesAsked {
  readonly asked: readonly SeenApproval[]
  readonly now: number
}

interface Around {
  readonly app: string | undefined
  readonly asked: readonly SeenApproval[]
  readonly cases: readonly Row[]
}

/** The case of what is held, and by whom what was sent again was released. */
async function caseRows(
  visit: Visit,
  { caseFlows, consoleAccess }: TransactionPagePorts,
  one: CustomerTransaction,
): Promise<readonly Row[]> {
  const { id: institution } = visit.institution
  const { release } = one.inputs
  const held = one.state === 'held' ? await caseFlows.of(institution, one.id) : undefined
  const link = (id: string, words: string) =>
    visit.may('cases') ? html`<a href="${visit.path(`/cases/${id}`)}">${words}</a>` : html`${words}`
  if (release === undefined) return held === undefined ? [] : [['Case', link(one.id, 'Who looks at it')]]
  const name = async (by: string) =>
    bdi(await actorText(by, (subject) => consoleAccess.nameOf(institution, subject)))
  const people = html`${await name(release.proposedBy)} and ${await name(release.releasedBy)}`
  return [['Released by', html`${people}, ${link(release.case, 'as it was held')}`]]
}

function decisionOf(visit: Visit, { one, policy, now }: Explained, { app, asked, cases }: Around): Html {
  const { decision, transaction } = one
  const own = asked.filter(({ origin }) => origin !== 'signatory')
  return keyValues([
    ['Decision', outcomeText(decision.outcome)],
    ['Reason', html`${reasonText(decision.reason, policy, one.inputs.own)} <code>${decision.reason}</code>`],
    [
      'Policy',
      policy === undefined
        ? html`<code>${one.policy}</code>, which is not kept`
        : html`<a href="${visit.path(`/policy/versions/${one.policy}`)}"><code>${one.policy}</code></a>`,
    ],
    ['App', bdi(app ?? one.relyingParty)],
    own.length === 0 ? undefined : ['Asked on the phone', questions(visit, own, now)],
    signatoriesRow(visit, one, { asked, now }),
    [
      'Customer',
      html`<a href="${visit.path(`${place}?${new URLSearchParams({ sub: one.subject })}`)}"><code>${one.subject}</code></a>`,
    ],
    one.reference === '' ? undefined : ['Reference', html`<span class="ref">${one.reference}</span>`],
    ['Type', html`<code>${transaction.type}</code>`],
    riskRow(visit, one),
    ratesRow(one),
    ...cases,
    ['Hash of the transaction', html`<code>${transaction.hash}</code>`],
    ['Id', html`<code>${one.id}</code>`],
  ])
}

/** What its amount was converted by. */
function ratesRow({ inputs: { rates }, transaction: { amount } }: CustomerTransaction): Row | undefined {
  if (rates === undefined || amount === undefined) return undefined
  const rate = rateText(rates, amount.currency)
  return [
    'Rates',
    html`${ratesText(rates)}${rate !== undefined && html`<br><span class="quiet">${rate}</span>`}`,
  ]
}

/** What the risk engines said of it, a click from why. */
function riskRow(visit: Visit, { inputs: { risk } }: CustomerTransaction): Row | undefined {
  if (risk === undefined) return undefined
  const { id, action, reason } = risk.said
  return [
    'Risk engines',
    html`<a href="${visit.path(`/risk/${id}`)}">What they said, and why</a> ${actionBadge(action)} <code>${reason}</code>`,
  ]
}

function rulesCard({ inputs }: CustomerTransaction, policy: Policy): Html {
  const { rules } = policy
  return html`<section class="card fill" aria-labelledby="rules"><header><h2 id="rules">Rules, and which applied</h2></header>${
    rules.length === 0
      ? html`<p class="quiet">The policy has none.</p>`
      : dataTable({
          caption: 'Rules of the policy, and whether each applied',
          label: 'Rules table',
          columns: [{ name: 'Rule' }, { name: 'When' }, { name: 'Then' }, { name: 'Here' }],
          rows: rules.map((rule) => [
            ruleName(rule),
            conditionText(rule),
            outcomeText(rule.outcome),
            heldBadge(rule, inputs),
          ]),
        })
  }</section>`
}

function heldBadge(rule: Rule, inputs: PolicyInputs): Html {
  // The rule alone: what risk engines and a release say is said elsewhere.
  const alone = { facts: inputs.facts, measures: {}, own: [] }
  const [voice] = voicesOf({ rules: [rule], limits: [] }, alone)
  if (voice === undefined) return badge('', 'Did not apply')
  if (inputs.release !== undefined && voice.outcome.kind === 'review') return badge('info', 'Set aside')
  return voice.reason === `rule_failed.${rule.id}` ? badge('warn', 'Failed') : badge('info', 'Applied')
}

/** Those of the policy and the customer's own that were about this transaction; those that were not are named. */
function limitsCard(
  visit: Visit,
  { inputs, subject }: CustomerTransaction,
  policy: Policy | undefined,
): Html {
  const { measures, own, facts } = inputs
  const { currency } = facts.transaction
  const limits = policy?.limits ?? []
  const about = limits.flatMap((limit) => {
    const measured = Object.hasOwn(measures, limit.id) ? measures[limit.id] : undefined
    return measured === undefined ? [] : [row(limitName(limit.id), { limit, measured, currency })]
  })
  const mine = own.map(({ limit, measured }) =>
    row(html`<code>${limit.id}</code> ${badge('info', 'Customer’s own')}`, { limit, measured, currency }),
  )
  const others = limits.filter(({ id }) => !Object.hasOwn(measures, id))
  return html`<section class="card fill" aria-labelledby="limits"><header><h2 id="limits">Limits, as they were measured</h2></header>${
    about.length + mine.length === 0
      ? html`<p class="quiet">None was about this transaction.</p>`
      : dataTable({
          caption: 'Limits that were about this transaction, the customer’s own at the end',
          label: 'Limits table',
          columns: [
            { name: 'Limit' },
            { name: 'What it says' },
            { name: 'Measured', as: 'num' },
            { name: 'Here' },
          ],
          rows: [...about, ...mine],
        })
  }<p class="small quiet">${own.length === 0 && 'No limit of the customer’s own counted. '}<a href="${limitsOfCustomer(visit, subject)}">The customer’s own limits today</a></p>
${others.length > 0 && html`<p class="small quiet">Not about it: ${others.map(({ id }, n) => html`${n > 0 && ', '}<code>${id}</code>`)}</p>`}</section>`
}

interface Measurement {
  readonly limit: Limit
  readonly measured: Measure
  readonly currency: string
}

const row = (name: Html, { limit, measured, currency }: Measurement): readonly (Html | string)[] => [
  name,
  limitSentence(limit),
  measuredText(limit, measured, currency),
  isExceeded(limit, measured, currency) ? badge('warn', 'Exceeded') : badge('', 'Not exceeded'),
]

/** Every name that a condition can ask, with what it was; amounts also as people read them. */
function factsOf(kept: PolicyFacts, payee: string | undefined): Html {
  // What was decided before there were risk engines has no facts of theirs.
  const facts = { ...kept, risk: kept.risk ?? unasked }
  const rows = Object.entries(factTypes).flatMap(([group, members]) =>
    Object.keys(members).map((member) => {
      const value = (facts[group as keyof PolicyFacts] as Readonly<Record<string, unknown>>)[member]
      const name = `${group}.${member}`
      return [name, factValue(name, value, { facts, payee })] as const
    }),
  )
  return keyValues(rows)
}

const levels = acrLadder.map(levelName)

function factValue(
  name: string,
  value: unknown,
  { facts, payee }: { facts: PolicyFacts; payee: string | undefined },
): Html {
  const text = String(value ?? '')
  const { currency, hasAmount } = facts.transaction
  if (text === '') return html`<span class="quiet">(empty)</span>`
  if (/Account$/.test(name)) return masked('en', text)
  if (name === 'transaction.creditorName') return bdi(payee ?? mask(text))
  if ((name === 'transaction.amount' && hasAmount) || (name === 'history.sumDay' && currency !== ''))
    return html`${text} <span class="quiet">${moneyText(BigInt(text), currency)}</span>`
  if (name === 'session.level') return html`${text} <span class="quiet">${levels[Number(text)]}</span>`
  return bdi(text)
}
