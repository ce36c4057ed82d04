// One case: what is held and why, who did what with it, and what this person can do now.
import { shownCaseState } from '../domain/held-case.ts'
import { maskedText } from '../domain/masked-display.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { CaseFlows, ExplainedCase } from '../flows/cases.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { RelyingPartyFlows } from '../flows/relying-parties.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice, type Row } from '../http/page/parts.ts'
import { caseForms, type TypedStep } from './case-forms.ts'
import {
  caseBadge,
  caseFinding,
  caseMeans,
  caseNews,
  entryNames,
  entryTones,
  spanText,
} from './case-words.ts'
import { actorText } from './connection-words.ts'
import type { Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { reasonText } from './policy-words.ts'
import { appNames } from './search.ts'
import { headingOf, textOf } from './transaction-page.ts'
import { moment, withCode } from './words.ts'

export interface CasePagePorts {
  readonly caseFlows: CaseFlows
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
  readonly relyingParties: Pick<RelyingPartyFlows, 'list'>
}

const place = '/cases'

export async function casePage(visit: Visit, ports: CasePagePorts, typed?: TypedStep): Promise<ConsoleView> {
  const { institution } = visit
  const explained = await ports.caseFlows.explain(institution, String(visit.ctx.params.id))
  const { one, transaction, now } = explained
  const names = await namesIn(visit, ports, explained)
  const app = (await appNames(ports, institution.id)).get(one.relyingParty) ?? one.relyingParty
  const what = transaction === undefined ? html`What was held` : html`${headingOf(transaction)}`
  return {
    title: `Case ${one.reference === '' ? one.id : one.reference}`,
    heading: html`${what}: ${caseFinding(one, now)}`,
    lead: html`${whyHeld(explained)} Held ${moment(one.createdAt)}.`,
    aside: html`<div>${caseBadge(one, now)}</div>`,
    place,
    status: typed === undefined ? 200 : caseNews[typed.news][1],
    main: html`<div class="grid">${newsOf(visit, typed)}
<section class="card w8 fill" aria-labelledby="text"><header><h2 id="text">The text for the customer</h2></header>${textCard(visit, explained)}</section>
<section class="card w4 fill" aria-labelledby="history"><header><h2 id="history">Who did what</h2></header>${history(explained, names)}</section>
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">What is known</h2></header>${factsOf(visit, explained, app)}</section>
<div class="stack-l">${caseForms(visit, one, { now, typed })}</div></div>`,
  }
}

const whyHeld = ({ one, transaction, policy }: ExplainedCase): string =>
  reasonText(one.reason, policy, transaction?.inputs.own ?? [])

function newsOf(visit: Visit, typed: TypedStep | undefined): Html | undefined {
  if (typed !== undefined)
    return html`<div>${notice('warn', caseNews[typed.news][0], withCode('Look again, then decide.', typed.news))}</div>`
  return visit.ctx.query.done === 'yes'
    ? html`<div>${notice('ok', 'Done.', 'It stands in the history.')}</div>`
    : undefined
}

function textCard(visit: Visit, { transaction }: ExplainedCase): Html {
  if (transaction === undefined) return html`<p class="quiet">The transaction is not kept any more.</p>`
  return textOf(transaction, typeNamed(typesOf(visit.institution), transaction.transaction.type))
}

/** The names of everybody who did something, as people call them. */
async function namesIn(
  { institution }: Visit,
  { consoleAccess }: CasePagePorts,
  { history: entries }: ExplainedCase,
): Promise<ReadonlyMap<string, string>> {
  const nameOf = (subject: string) => consoleAccess.nameOf(institution.id, subject)
  const actors = [...new Set(entries.map(({ by }) => by))]
  return new Map(await Promise.all(actors.map(async (by) => [by, await actorText(by, nameOf)] as const)))
}

/** Newest first, as everywhere in the console. */
function history(
  { one, transaction, history: entries, now }: ExplainedCase,
  names: ReadonlyMap<string, string>,
): Html {
  const state = shownCaseState(one, now)
  return html`<div class="stack"><p class="small quiet">${caseMeans[state]}</p><ol class="timeline">${entries
    .toReversed()
    .map(
      ({ step, by, why, at }) =>
        html`<li class="${entryTones[step]}"><strong>${entryNames[step]}</strong>${moment(at)}<p class="small">${bdi(names.get(by) ?? by)}${why !== '' && html`: ${bdi(maskedText(why, transaction?.transaction ?? {}))}`}</p></li>\n`,
    )}<li class="warn"><strong>Held</strong>${moment(one.createdAt)}</li></ol></div>`
}

function factsOf(visit: Visit, { one, transaction, further, now }: ExplainedCase, app: string): Html {
  const risk = transaction?.inputs.risk
  const search = new URLSearchParams({ sub: one.subject })
  return keyValues([
    ['Why it is held', html`<code>${one.reason}</code>`],
    timeRow(visit, { one, now }),
    further > 0 ? ['Sent', sentText(further)] : undefined,
    transaction && [
      'Transaction',
      html`<a href="${visit.path(`/transactions/${one.id}`)}">The decision, its rules and its facts</a>`,
    ],
    risk && [
      'Risk engines',
      html`<a href="${visit.path(`/risk/${risk.said.id}`)}">What they said, and why</a>`,
    ],
    ['App', html`${bdi(app)} <code>${one.relyingParty}</code>`],
    [
      'Customer',
      html`<a href="${visit.path(`/transactions?${search}`)}"><code>${one.subject}</code></a>, <a href="${visit.path(`${place}?${search}`)}">what else of them waits</a>`,
    ],
    one.reference === '' ? undefined : ['Reference', html`<span class="ref">${one.reference}</span>`],
    one.state === 'stopped'
      ? ['Fraud', one.fraud ? 'Yes: the risk engines are told' : 'Not said']
      : undefined,
    ['Hash of the transaction', html`<code>${one.hash}</code>`],
  ])
}

/** The very same, while this one waited. */
const sentText = (further: number): string =>
  `${further < 100 ? further + 1 : 'More than 100'} times: what was sent after the first one belongs to this case`

/** How long there is to decide, or to send it again. */
function timeRow(visit: Visit, { one, now }: Pick<ExplainedCase, 'one' | 'now'>): Row {
  const { usedBy, sendUntil, deadline } = one
  if (usedBy !== undefined)
    return ['Sent again', html`<a href="${visit.path(`/transactions/${usedBy}`)}">What was decided then</a>`]
  if (sendUntil !== undefined)
    return [
      'Can be sent again',
      html`${sendUntil > now ? 'until' : 'was not, and could until'} ${moment(sendUntil)}`,
    ]
  return [
    'Decide by',
    html`${moment(deadline)}${deadline > now && html` <span class="quiet">${spanText(deadline - now)} left</span>`}`,
  ]
}
