// What decides on transactions: the policy in force, those that were, and what differs between two of them.
import type { Policy } from '../domain/policy.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { PolicyFlows, PolicyRuler } from '../flows/policies.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice } from '../http/page/parts.ts'
import type { KeptPolicy } from '../ports/transactions.ts'
import { actorText } from './connection-words.ts'
import type { Desk, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { policyDifference } from './policy-difference.ts'
import { policyView } from './policy-view.ts'
import { ratesCard } from './rates-view.ts'
import { dataTable } from './table.ts'
import { badge, count, moment, momentText } from './words.ts'

export interface PolicyPagePorts {
  readonly policyFlows: PolicyFlows
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
}

const place = '/policy'

export function policyPages(desk: Desk, ports: PolicyPagePorts): void {
  const { policyFlows } = ports
  desk.page(place, 'read', (visit) => presentPage(visit, ports))
  desk.page(`${place}/versions/:version`, 'read', (visit) => versionPage(visit, policyFlows))
  desk.page(`${place}/difference`, 'read', (visit) => differencePage(visit, policyFlows))
}

type Known = Awaited<ReturnType<PolicyFlows['present']>>

const versionPath = (visit: Visit, version: string): string => visit.path(`${place}/versions/${version}`)

const differencePath = (visit: Visit, versions: { from: string; to: string }): string =>
  visit.path(`${place}/difference?${new URLSearchParams(versions)}`)

const sizeOf = ({ rules, limits }: Policy): string =>
  `${count(rules.length, 'rule', 'rules')} and ${count(limits.length, 'limit', 'limits')}`

async function presentPage(visit: Visit, ports: PolicyPagePorts): Promise<ConsoleView> {
  const known = await ports.policyFlows.present(visit.institution)
  const { version, policy, since, ruler, rates } = known
  const edits = visit.may('policy') && ruler.kind !== 'file'
  return {
    title: 'Policy',
    heading: `${sizeOf(policy)} decide on transactions`,
    lead: html`Version <code>${version}</code>, in force ${since === undefined ? 'since before versions were kept' : html`since ${moment(since)}`}. Of all that apply, the strongest counts: refused, held, step-up, passes.`,
    aside: edits
      ? html`<a class="btn primary" href="${visit.path(`${place}/edit`)}">Edit the policy</a>`
      : undefined,
    place,
    main: html`<div class="grid">${visit.ctx.query.done === 'changed' && ruler.kind === 'console' && html`<div>${notice('ok', 'The policy is in force.', 'Every node decides by it within two seconds.')}</div>`}${policyView(policy)}
${rates !== undefined && ratesCard(rates)}
${visit.institution.risk !== undefined && html`<p>Risk engines have their say beside rules and limits: <a href="${visit.path('/risk/providers')}">which are asked, and about what</a>.</p>`}
<section class="card fill" aria-labelledby="change"><header><h2 id="change">How it is changed</h2></header>${await howToChange(visit, ports, ruler)}</section>
<section class="card fill" aria-labelledby="versions"><header><h2 id="versions">Versions</h2></header><div class="stack-l">${versionTable(visit, known)}${chooser(visit, known.kept, chosenTwo(known))}</div></section>
</div>`,
  }
}

async function howToChange(visit: Visit, ports: PolicyPagePorts, ruler: PolicyRuler): Promise<Html> {
  if (ruler.kind === 'file') return byFile
  const set =
    ruler.kind === 'console'
      ? html`It was set here by ${bdi(await nameOf(visit, ports, ruler.by))}, ${moment(ruler.at)}.`
      : 'Nobody has written one, so that the default decides.'
  return html`<p>${set} Security administrators and owners change it here. What stands under <code>step_up_over</code> and <code>rates</code> is the institution’s file’s; a file that has a <code>policy</code> takes the place of what is set here.</p>
<p class="small quiet">Account numbers are masked here; the editor has them whole.</p>`
}

const nameOf = ({ institution }: Visit, { consoleAccess }: PolicyPagePorts, by: string): Promise<string> =>
  actorText(by, (subject) => consoleAccess.nameOf(institution.id, subject))

const byFile = html`<p>It is managed by file, and not changed here: the institution’s file says it under <code>policy</code> and <code>step_up_over</code>.
<code>drawbridge check-config FILE</code> tells every fault with its line; <code>drawbridge apply</code> puts it in force, within seconds and for whatever is decided from then on.</p>
<p class="small quiet">Account numbers are masked here; the file has them whole.</p>`

function versionTable(visit: Visit, { kept, version: present }: Known): Html {
  if (kept.length === 0)
    return html`<p class="quiet">None is kept: nothing was applied since versions are.</p>`
  return dataTable({
    caption: 'Policies of this institution, the one that came into force last first',
    label: 'Versions table',
    columns: [
      { name: 'Version' },
      { name: 'Came into force' },
      { name: 'First in force', as: 'opt' },
      { name: 'Holds' },
      { name: 'Changed' },
    ],
    rows: kept.map(({ version, policy, inForceAt, firstAt }, n) => {
      const before = kept[n + 1]
      return [
        html`<a href="${versionPath(visit, version)}"><code>${version}</code></a>${version === present && html` ${badge('ok', 'In force')}`}`,
        moment(inForceAt),
        moment(firstAt),
        sizeOf(policy),
        before === undefined
          ? '–'
          : html`<a href="${differencePath(visit, { from: before.version, to: version })}">From the one below<span class="vh"> to ${version}</span></a>`,
      ]
    }),
  })
}

interface Two {
  readonly from: string
  readonly to: string
}

const chosenTwo = ({ kept, version }: Known): Two => ({
  from: kept.find((one) => one.version !== version)?.version ?? version,
  to: version,
})

/** Nothing to choose where there is one. */
function chooser(visit: Visit, kept: readonly KeptPolicy[], { from, to }: Two): Html | undefined {
  if (kept.length < 2) return undefined
  const choice = (name: 'from' | 'to', label: string, chosen: string) =>
    html`<div class="field"><label for="${name}">${label}</label><select class="input" id="${name}" name="${name}">${kept.map(
      ({ version, inForceAt }) =>
        html`<option value="${version}"${version === chosen && html` selected`}>${momentText(inForceAt)} · ${version}</option>`,
    )}</select></div>`
  return html`<form method="get" action="${visit.path(`${place}/difference`)}" class="finder">${choice('from', 'From', from)}${choice('to', 'To', to)}<button class="btn">Compare</button></form>`
}

async function versionPage(visit: Visit, flows: PolicyFlows): Promise<ConsoleView> {
  const version = String(visit.ctx.params.version)
  const policy = await flows.get(visit.institution, version)
  const known = await flows.present(visit.institution)
  const kept = known.kept.find((one) => one.version === version)
  const present = version === known.version
  return {
    title: `Policy ${version}`,
    heading: html`Policy <code>${version}</code>`,
    lead: `${sizeOf(policy)}. ${present ? 'It is in force.' : 'It is not in force any more.'}`,
    aside: html`<a class="btn" href="${visit.path(place)}">To the policy in force</a>`,
    place,
    main: html`<div class="grid">${policyView(policy)}
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">This version</h2></header>${keyValues(
      [
        ['Hash of its content', html`<code>${version}</code>`],
        kept && ['First in force', moment(kept.firstAt)],
        kept && ['Last came into force', moment(kept.inForceAt)],
      ],
    )}
${!present && html`<div class="actions"><a class="btn" href="${differencePath(visit, { from: version, to: known.version })}">What was changed since</a>${visit.may('policy') && known.ruler.kind !== 'file' && html`<a class="btn" href="${visit.path(`${place}/edit?${new URLSearchParams({ from: version })}`)}">Go back to this policy</a>`}</div>`}</section></div>`,
  }
}

/** The two that the address names; where it names none, the last change. */
async function differencePage(visit: Visit, flows: PolicyFlows): Promise<ConsoleView> {
  const known = await flows.present(visit.institution)
  const asked = (name: 'from' | 'to') => {
    const value = visit.ctx.query[name]
    return typeof value === 'string' && value !== '' ? value : chosenTwo(known)[name]
  }
  const two = { from: asked('from'), to: asked('to') }
  const [before, after] = await Promise.all([
    flows.get(visit.institution, two.from),
    flows.get(visit.institution, two.to),
  ])
  return {
    title: 'What differs between two policies',
    heading: html`From <code>${two.from}</code> to <code>${two.to}</code>`,
    lead: 'Rule by rule and limit by limit. What goes has a minus, what comes has a plus.',
    aside: html`<a class="btn" href="${visit.path(place)}">To the policy in force</a>`,
    place,
    main: html`<div class="grid"><section class="card fill stack-l" aria-label="Difference">${policyDifference(before, after)}</section>
${known.kept.length > 1 && html`<section class="card fill" aria-labelledby="others"><header><h2 id="others">Other versions</h2></header>${chooser(visit, known.kept, two)}</section>`}</div>`,
  }
}
