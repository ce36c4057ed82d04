// One verdict explained: what each engine said of which event, how that was combined, which facts left, and how it ended.
import { type RiskAnswer, type RiskEventPolicy, scoreOf } from '../domain/risk.ts'
import type { RelyingPartyFlows } from '../flows/relying-parties.ts'
import type { ExplainedRisk, RiskSearch } from '../flows/risk-search.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice, type Row } from '../http/page/parts.ts'
import type { KeptAssessment } from '../ports/risk-records.ts'
import type { Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { outcomeBadge, reasonText } from './policy-words.ts'
import { factsView } from './risk-facts.ts'
import {
  actionBadge,
  actionMeans,
  actionNames,
  combinedText,
  failureMeans,
  failureNames,
  failureText,
  kindNames,
  outcomeWords,
  tookText,
  verdictText,
} from './risk-words.ts'
import { appNames } from './search.ts'
import { dataTable } from './table.ts'
import { badge, moment } from './words.ts'

export interface RiskPagePorts {
  readonly riskSearch: RiskSearch
  readonly relyingParties: Pick<RelyingPartyFlows, 'list'>
}

const place = '/risk'

export async function riskPage(visit: Visit, ports: RiskPagePorts): Promise<ConsoleView> {
  const { institution } = visit
  const explained = await ports.riskSearch.explain(institution, String(visit.ctx.params.id))
  const { one } = explained
  const { verdict } = one
  const names = await appNames(ports, institution.id)
  return {
    title: `Assessment ${one.reference === '' ? verdict.id : one.reference}`,
    heading: html`${kindNames[verdict.kind]}: ${actionNames[verdict.action].toLowerCase()}`,
    lead: html`${verdictText(verdict.reason)} ${moment(one.at)}`,
    aside: html`<div>${actionBadge(verdict.action)}${one.outcome !== undefined && html` ${badge(...outcomeWords[one.outcome])}`}</div>`,
    place,
    main: html`<div class="grid">
${againCard(explained)}
<section class="card w8 fill stack" aria-labelledby="answers"><header><h2 id="answers">What the engines said</h2></header>${answersOf(visit, one)}${shadowsOf(explained)}</section>
<section class="card w4 fill" aria-labelledby="states"><header><h2 id="states">What became of it</h2></header>${timeline(explained)}</section>
<section class="card fill" aria-labelledby="combined"><header><h2 id="combined">How the verdict came about</h2></header>${combinedOf(one)}</section>
<section class="card fill" aria-labelledby="decided"><header><h2 id="decided">What it was about, and what decided in the end</h2></header>${aboutOf(visit, explained, names.get(one.relyingParty))}</section>
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">The facts that left</h2></header>${factsView(one)}</section>
<section class="card fill" aria-labelledby="told"><header><h2 id="told">What the engines were told afterwards</h2></header>${toldOf(explained)}</section>
</div>`,
  }
}

function againCard({ again }: ExplainedRisk): Html {
  if (again.kind === 'same')
    return html`<div>${notice('ok', 'Combined again, it comes out the same.', 'From what the engines answered, and who was asked and how at that time.')}</div>`
  if (again.kind === 'no-policy')
    return html`<div>${notice('warn', 'It cannot be combined again.', 'Who was asked and how at that time is not kept with it.')}</div>`
  const { action, reason } = again.verdict
  return html`<div>${notice('bad', 'Combined again, it comes out otherwise.', html`It would be: ${actionNames[action]}, <code>${reason}</code>. Either what combines was changed by an update, or what was kept was altered. Tell the operator.`)}</div>`
}

/** In the order in which they are asked; who answered without being asked any more comes last. */
function answersOf(visit: Visit, one: KeptAssessment): Html {
  const { verdict, policy } = one
  const weighs = policy?.combine === 'weighted'
  return dataTable({
    caption: 'Answers of the engines',
    label: 'Answers table',
    columns: [
      { name: 'Engine' },
      { name: 'Said' },
      { name: 'Score', as: 'num' },
      { name: 'Why' },
      ...(weighs ? [{ name: 'Counted', as: 'num' as const }] : []),
      { name: 'Took', as: 'num' },
    ],
    rows: verdict.answers.map((answer) => [
      engineName(visit, one, answer),
      saidOf(answer),
      scoreText(answer),
      whyOf(answer),
      ...(weighs ? [countedOf(answer, policy)] : []),
      tookText(answer.ms),
    ]),
  })
}

/** Those that were asked without effect: what they would have changed. */
function shadowsOf({ one, shadows }: ExplainedRisk): Html | undefined {
  const waiting = (one.policy?.shadow ?? []).filter(
    (name) => !shadows.some(({ provider }) => provider === name),
  )
  if (shadows.length + waiting.length === 0) return undefined
  const saidWord = (said: string) =>
    Object.hasOwn(actionNames, said)
      ? actionNames[said as keyof typeof actionNames]
      : failureNames[said as keyof typeof failureNames]
  return html`<h3>In shadow, without effect</h3>${keyValues([
    ...shadows.map(
      ({ provider, said, wouldBe }): Row => [
        provider,
        html`${saidWord(said)}. ${wouldBe === one.verdict.action ? 'It would have changed nothing.' : html`With it the verdict would have been ${actionBadge(wouldBe)}`}`,
      ],
    ),
    ...waiting.map((name): Row => [name, 'Has not answered: it is asked afterwards']),
  ])}`
}

function engineName(visit: Visit, { verdict, policy }: KeptAssessment, { provider }: RiskAnswer): Html {
  const today = visit.institution.risk?.providers.some(({ id }) => id === provider)
  const name = today
    ? html`<a href="${visit.path(`${place}/providers/${provider}`)}">${bdi(provider)}</a>`
    : bdi(provider)
  const asked = policy?.ask.find((one) => one.provider === provider)
  return html`${name}${verdict.reason === `risk.${provider}` && html` ${badge('info', 'Decided')}`}${asked?.optional && html`<small>optional</small>`}`
}

const saidOf = ({ assessment, failure }: RiskAnswer): Html =>
  assessment === undefined ? badge('bad', failureNames[failure ?? 'error']) : actionBadge(assessment.action)

function scoreText({ assessment }: RiskAnswer): Html | string {
  if (assessment === undefined) return '–'
  const { score, band } = assessment
  return html`${score ?? 'none'}${band !== undefined && html`<small>${bdi(band)}</small>`}`
}

function whyOf({ assessment, failure }: RiskAnswer): Html | string {
  if (assessment === undefined) return failureMeans[failure ?? 'error']
  if (assessment.reasons.length === 0) return html`<span class="quiet">It gave no reason.</span>`
  return html`<ul>${assessment.reasons.map(({ code, text }) => html`<li>${text !== undefined && html`${bdi(text)} `}<code>${code}</code></li>`)}</ul>`
}

/** `600 × 2`: what went into the mean. */
function countedOf({ provider, assessment }: RiskAnswer, { ask }: RiskEventPolicy): string {
  const weight = ask.find((one) => one.provider === provider)?.weight
  return assessment === undefined || weight === undefined ? '–' : `${scoreOf(assessment)} × ${weight}`
}

const tones = {
  ...{ allow: '', review: '', 'step-up': '', enrol: '' },
  ...{ hold: 'warn', deny: 'bad', locked: 'bad' },
} as const

function timeline({ one, now }: ExplainedRisk): Html {
  const { verdict, outcome, endedAt, at, settleBy } = one
  const first = html`<li class="${tones[verdict.action]}"><strong>${actionNames[verdict.action]}</strong>${moment(at)}<p class="small quiet">${actionMeans[verdict.action]}</p></li>`
  if (outcome === undefined)
    return html`<ol class="timeline">${first}<li><strong>Not ended yet</strong> <span class="small quiet">until ${moment(settleBy)}</span><p class="small quiet">${settleBy > now ? 'What did not end by then has not ended in time.' : 'Its time is over; the next pass says so.'}</p></li></ol>`
  const [tone, name] = outcomeWords[outcome]
  return html`<ol class="timeline">${first}<li class="${tone}"><strong>${name}</strong>${moment(endedAt ?? at)}</li></ol>`
}

function combinedOf({ verdict, policy }: KeptAssessment): Html {
  const { action, score, reason, answers } = verdict
  const failed = answers.filter(({ failure }) => failure !== undefined).map(({ provider }) => provider)
  const missing = (policy?.ask ?? [])
    .map(({ provider }) => provider)
    .filter((provider) => !answers.some((answer) => answer.provider === provider))
  return keyValues([
    ['Verdict', html`${actionBadge(action)} ${actionMeans[action]}`],
    ['Who decided', html`${verdictText(reason)} <code>${reason}</code>`],
    ['Score', score === undefined ? 'Nobody gave one' : `${score} of 1000`],
    ...(policy === undefined ? [] : policyRows(policy)),
    failed.length === 0 ? undefined : ['Gave no answer', listed(failed)],
    missing.length === 0 ? undefined : ['Were to be asked, and were not there', listed(missing)],
  ])
}

const policyRows = (policy: RiskEventPolicy): readonly Row[] => [
  ['How answers were combined', combinedText(policy)],
  ['On failure', failureText(policy)],
]

const listed = (names: readonly string[]): Html =>
  html`${names.map((name, n) => html`${n > 0 && ', '}${bdi(name)}`)}`

function aboutOf(visit: Visit, explained: ExplainedRisk, app: string | undefined): Html {
  const { one } = explained
  const { subject, reference, verdict, about } = one
  const search = (query: Record<string, string>) => visit.path(`${place}?${new URLSearchParams(query)}`)
  return keyValues([
    ['Event', kindNames[verdict.kind]],
    ['When', moment(one.at)],
    ['App', html`${bdi(app ?? one.relyingParty)} <code>${one.relyingParty}</code>`],
    ['Customer', html`<a href="${search({ sub: subject })}"><code>${subject}</code></a>`],
    reference === ''
      ? undefined
      : ['Reference', html`<a class="ref" href="${search({ reference })}">${reference}</a>`],
    ...decisionRows(visit, explained),
    about === undefined || explained.decided !== undefined
      ? undefined
      : ['Device', html`<code>${about}</code>`],
    ['Id', html`<code>${verdict.id}</code>`],
  ])
}

/** Beside the engines there are rules and limits: which voice of all was the strongest. */
function decisionRows(visit: Visit, { decided, one }: ExplainedRisk): readonly Row[] {
  if (decided === undefined) return []
  const { decision, inputs, id } = decided.one
  const byRisk = decision.reason === one.verdict.reason && decision.reason.startsWith('risk.')
  const voice = byRisk
    ? html`The engines: ${verdictText(decision.reason)}`
    : html`Not the engines: ${reasonText(decision.reason, decided.policy, inputs.own)}`
  return [
    [
      'Transaction',
      html`<a href="${visit.path(`/transactions/${id}`)}">What was decided, and why</a> ${outcomeBadge(decision.outcome)}`,
    ],
    ['Which voice decided on it', html`${voice} <code>${decision.reason}</code>`],
  ]
}

function toldOf({ one, tellings, learning }: ExplainedRisk): Html {
  const rows = tellings.map(({ provider, outcome, told, at }) => [
    bdi(provider),
    outcomeName(outcome),
    told ? badge('ok', 'Told') : badge('bad', 'Could not be told'),
    moment(at),
  ])
  const silent = one.verdict.answers
    .filter(({ provider }) => !tellings.some((telling) => telling.provider === provider))
    .map((answer) => [bdi(answer.provider), '–', untold(one, answer, learning), '–'])
  return dataTable({
    caption: 'What the engines were told of how it ended',
    label: 'Reports table',
    columns: [{ name: 'Engine' }, { name: 'Of what' }, { name: 'State' }, { name: 'When' }],
    rows: [...rows, ...silent],
  })
}

const outcomeName = (outcome: string): string =>
  Object.hasOwn(outcomeWords, outcome) ? outcomeWords[outcome as keyof typeof outcomeWords][1] : outcome

/** Why nothing was said to it. */
function untold(
  { outcome }: KeptAssessment,
  { provider, failure }: RiskAnswer,
  learning: ReadonlySet<string>,
): Html {
  if (failure !== undefined) return html`Is told nothing: it gave no answer`
  if (!learning.has(provider)) return html`Takes no reports`
  return outcome === undefined
    ? html`Not yet: it has not ended`
    : html`Is owed it; tried again until it is told`
}
