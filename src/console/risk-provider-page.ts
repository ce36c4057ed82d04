// One risk engine: how it does on this node, its settings without their secrets, which facts may leave for it, and a test call.
import { Refusal } from '../domain/refusal.ts'
import type { RiskSettings } from '../domain/risk.ts'
import { type AskedKind, askedKinds } from '../domain/risk-event.ts'
import type { SeenProvider, TriedProvider } from '../flows/risk-providers.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields, keyValues, notice, type Row } from '../http/page/parts.ts'
import type { SettingField } from '../ports/connector-settings.ts'
import type { Form, Next, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { freshly, removeForm } from './risk-edit-parts.ts'
import { factNames } from './risk-facts.ts'
import { changedWhere, presentEngines, type RiskProviderPagePorts, riskPlace } from './risk-present.ts'
import {
  actionMeans,
  actionNames,
  failureMeans,
  failureNames,
  healthBadge,
  healthWords,
  kindNames,
  stateOf,
  tookText,
} from './risk-words.ts'
import { shown } from './setting-rows.ts'
import { valueAt } from './setting-values.ts'
import { dataTable } from './table.ts'
import { badge, moment, withCode } from './words.ts'

const place = '/risk/providers'

/** What came of the button on this page. */
type Tried = TriedProvider | 'too-many'

export async function providerPage(visit: Visit, ports: RiskProviderPagePorts): Promise<ConsoleView> {
  return providerView(visit, ports, { id: String(visit.ctx.params.id), tried: undefined })
}

const isKind = (text: string): text is AskedKind => (askedKinds as readonly string[]).includes(text)

/** Shown at once, and not kept: a reload asks before it asks the engine again. */
export async function tryOut(visit: Visit, ports: RiskProviderPagePorts, form: Form): Promise<Next> {
  const { visitor } = visit
  const id = String(visit.ctx.params.id)
  const kind = form.get('kind') ?? ''
  if (!isKind(kind)) throw new Refusal('request.malformed', { kind: false })
  const { risk } = await presentEngines(visit, ports)
  try {
    const asked = { provider: id, kind, visitor }
    const tried = await ports.riskProviderFlows.tryOut({ ...visit.institution, risk }, asked)
    return await providerView(visit, ports, { id, tried })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'rate.exceeded') throw error
    return { ...(await providerView(visit, ports, { id, tried: 'too-many' })), status: 429 }
  }
}

interface Shown {
  readonly id: string
  readonly tried: Tried | undefined
}

async function providerView(
  visit: Visit,
  ports: RiskProviderPagePorts,
  { id, tried }: Shown,
): Promise<ConsoleView> {
  const engines = await presentEngines(visit, ports)
  const { risk, edits } = engines
  const seen = ports.riskProviderFlows.one({ ...visit.institution, risk }, id)
  const { setting, plugin, facts, health } = seen
  return {
    title: `Risk engine ${setting.id}`,
    heading: html`Engine ${bdi(setting.id)} ${healthWords[stateOf(health)].heading}`,
    lead:
      plugin?.meaning ??
      html`No plugin of the type <code>${setting.type}</code> is installed: it fails whenever it is asked.`,
    aside: html`<div>${healthBadge(health)}</div>`,
    place: riskPlace(visit),
    main: html`<div class="grid">
${tried !== undefined && html`<div>${triedNotice(tried)}</div>`}
<section class="card w8 fill stack" aria-labelledby="health"><header><h2 id="health">How it does on this node</h2></header>${healthOf(seen)}</section>
<section class="card w4 fill stack" aria-labelledby="test"><header><h2 id="test">Test call</h2></header>${testForm(visit, seen, tried)}</section>
${tried !== undefined && tried !== 'too-many' && html`<section class="card fill" aria-labelledby="answer"><header><h2 id="answer">What it answered to the test call</h2></header>${answerOf(tried)}</section>`}
<section class="card fill stack" aria-labelledby="settings"><header><h2 id="settings">Settings</h2></header>${settingsOf(seen)}<p class="small quiet">${await changedWhere(visit, ports, engines)}</p>${edits && plugin !== undefined && html`<div class="actions"><a class="btn" href="${visit.path(`${place}/${id}/edit`)}">Change the engine</a></div>`}</section>
<section class="card fill" aria-labelledby="events"><header><h2 id="events">When it is asked</h2></header>${eventsOf(risk, id)}</section>
<section class="card fill" aria-labelledby="facts"><header><h2 id="facts">What may leave for it</h2></header>${factNames(facts)}</section>
${edits && plugin === undefined && removeForm(visit, freshly(engines, true), { to: `${place}/${id}/remove`, what: `Take out ${id}` })}
<p><a href="${visit.path(place)}">To all engines</a></p>
</div>`,
  }
}

function healthOf({ setting, health, learns }: SeenProvider): Html {
  const { medianMs, p99Ms, answered, failed, lastFailure } = health
  return html`<dl class="figures"><div><dt>Median</dt><dd>${medianMs === undefined ? '–' : tookText(medianMs)}</dd></div><div><dt>99 of 100 within</dt><dd>${p99Ms === undefined ? '–' : tookText(p99Ms)}</dd></div><div><dt>Answered</dt><dd>${answered}</dd></div><div><dt>Failed</dt><dd>${failed}</dd></div></dl>
${keyValues([
  ['State', html`${healthBadge(health)} ${healthWords[stateOf(health)].means}`],
  [
    'Last failure',
    lastFailure === undefined
      ? 'None since this node started'
      : html`${moment(lastFailure.at)} ${failureName(lastFailure.failure)} <code>${lastFailure.reason}</code>`,
  ],
  ['Is told how things ended', learns ? 'Yes' : 'No: it takes no reports'],
  ['Type', html`<code>${setting.type}</code>`],
])}<p class="small quiet">Times are of its last 100 answers. Another node may have seen other things.</p>`
}

const failureName = (failure: string): string =>
  Object.hasOwn(failureNames, failure) ? failureNames[failure as keyof typeof failureNames] : failure

/** Only for those who may change what decides: an engine may be asked for money. */
function testForm(visit: Visit, { setting }: SeenProvider, tried: Tried | undefined): Html {
  if (!visit.may('policy'))
    return html`<p class="quiet">Security administrators and owners can ask it about an invented event here.</p>`
  const chosen = tried === undefined || tried === 'too-many' ? 'sign-in' : tried.kind
  return html`<p class="small quiet">Asks it about an event that never happened, with invented facts of a customer <code>drawbridge-test</code>, for 5 s at most. Nothing is kept here but a line in the audit; what the engine keeps is its own.</p>
<form method="post" action="${visit.path(`${place}/${setting.id}/test`)}" class="stack">${hiddenFields({ form_token: visit.formToken })}
<div class="field"><label for="kind">Event</label><select class="input" id="kind" name="kind">${askedKinds.map((kind) => html`<option value="${kind}"${kind === chosen && html` selected`}>${kindNames[kind]}</option>`)}</select></div>
<button class="btn">Make the test call</button></form>`
}

function triedNotice(tried: Tried): Html {
  if (tried === 'too-many')
    return notice(
      'warn',
      'It was not asked.',
      withCode(
        'There were too many test calls within a minute. Wait a minute, then ask again.',
        'rate.exceeded',
      ),
    )
  const { assessment, failure, ms } = tried.answer
  return assessment === undefined
    ? notice(
        'bad',
        `${failureNames[failure ?? 'error']}, after ${tookText(ms)}.`,
        failureMeans[failure ?? 'error'],
      )
    : notice(
        'ok',
        `It answered in ${tookText(ms)}.`,
        'Whether what it said is right for an invented event, you have to judge.',
      )
}

function answerOf({ answer: { assessment, failure, ms }, reason, kind, sent }: TriedProvider): Html {
  const rows: readonly (Row | undefined)[] =
    assessment === undefined
      ? [
          ['Failure', html`${failureNames[failure ?? 'error']}: ${failureMeans[failure ?? 'error']}`],
          reason === undefined ? undefined : ['Why', html`<code>${reason}</code>`],
        ]
      : [
          ['Said', html`${actionNames[assessment.action]}: ${actionMeans[assessment.action]}`],
          ['Score', String(assessment.score ?? 'none')],
          assessment.band === undefined ? undefined : ['Band', bdi(assessment.band)],
          [
            'Reasons',
            assessment.reasons.length === 0
              ? 'None'
              : html`<ul>${assessment.reasons.map(({ code, text }) => html`<li>${text !== undefined && html`${bdi(text)} `}<code>${code}</code></li>`)}</ul>`,
          ],
        ]
  return keyValues([
    ['Event', kindNames[kind]],
    ...rows,
    ['Took', tookText(ms)],
    ['Invented facts that left', html`${sent.map((name, n) => html`${n > 0 && ', '}<code>${name}</code>`)}`],
  ])
}

/** As the plugin's schema has them: what is set, and, folded, what is as usual. */
function settingsOf({ setting, plugin, seenAt }: SeenProvider): Html {
  const fields = plugin?.fields ?? []
  if (fields.length === 0) return html`<p class="quiet">It has none.</p>`
  const said = fields.filter(({ path }) => valueAt(setting.settings, path) !== undefined)
  const usual = fields.filter((field) => !said.includes(field))
  const table = (shownFields: readonly SettingField[], caption: string) =>
    settingTable(shownFields, { caption, settings: setting.settings, now: seenAt })
  return html`${said.length === 0 ? html`<p class="quiet">Nothing is set: everything is as usual.</p>` : table(said, 'Settings that are set')}
${usual.length > 0 && html`<details class="more"><summary>Everything else is as usual</summary>${table(usual, 'Settings that are as usual')}</details>`}`
}

interface Setting {
  readonly caption: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly now: number
}

const settingTable = (fields: readonly SettingField[], { caption, settings, now }: Setting): Html =>
  dataTable({
    caption,
    label: caption,
    columns: [{ name: 'Setting' }, { name: 'Value' }, { name: 'What it means' }],
    rows: fields.map((field) => [
      html`${field.label}<small><code>${field.path}</code></small>`,
      settingValue(field, valueAt(settings, field.path) ?? field.usual, now),
      field.meaning,
    ]),
  })

function settingValue(field: SettingField, value: unknown, now: number): Html | string {
  if (value === undefined) return html`<span class="quiet">None</span>`
  if (field.kind === 'json') return html`<pre class="mono small">${JSON.stringify(value, null, 2)}</pre>`
  // Whoever wrote it before addresses with a password were refused.
  if (field.kind === 'url' && typeof value === 'string')
    return shown(field, { value: value.replace(/^(https?:)[/\\]*[^/\\?#]*@/i, '$1//'), now })
  return shown(field, { value, now })
}

function eventsOf(risk: RiskSettings | undefined, id: string): Html {
  const shadowed = askedKinds.filter((kind) => risk?.events[kind]?.shadow?.includes(id))
  const asked = askedKinds.flatMap((kind) => {
    const policy = risk?.events[kind]
    const one = policy?.ask.find(({ provider }) => provider === id)
    return policy === undefined || one === undefined ? [] : [{ kind, policy, one }]
  })
  if (asked.length + shadowed.length === 0) return html`<p class="quiet">Never: no event names it.</p>`
  return keyValues([
    ...asked.map(({ kind, policy, one }): Row => {
      const others = policy.ask.filter(({ provider }) => provider !== id).map(({ provider }) => provider)
      return [
        kindNames[kind],
        html`${others.length === 0 ? 'alone' : html`with ${others.map((other, n) => html`${n > 0 && ', '}${bdi(other)}`)}`}${policy.combine === 'weighted' && html`, weight ${one.weight}`} ${one.optional && badge('', 'Optional')}`,
      ]
    }),
    ...shadowed.map((kind): Row => [kindNames[kind], 'In shadow: afterwards, without effect']),
  ])
}
