// What a test login found: the verdict first, then every check, both messages, and what apps would learn.
import { actorOf } from '../domain/administrator.ts'
import { digestOf } from '../domain/connection.ts'
import type { Approval } from '../domain/connection-approval.ts'
import { offsetText } from '../domain/exchange.ts'
import { mask } from '../domain/mask.ts'
import { Refusal } from '../domain/refusal.ts'
import { contentOfRecord } from '../flows/connections.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { TestLogin, TestResult } from '../ports/test-logins.ts'
import { mayTake, whoMustText } from './connection-page.ts'
import { type ConnectionPagePorts, connectionOf, mayWrite, namesFor } from './connection-ports.ts'
import type { Desk, Visit } from './desk.ts'
import { checkList } from './exchanges.ts'
import { levelChoice, levelText } from './level-choice.ts'
import { messageFigure } from './message.ts'
import type { ConsoleView } from './page.ts'
import { stepForm } from './step-form.ts'
import { dataTable } from './table.ts'
import { outcomeBadge, testRows } from './test-rows.ts'
import { moment } from './words.ts'

export function connectionTests(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/tests/:test', 'read-connections', async (visit) => {
    const record = await connectionOf(ports, visit)
    const test = await ports.testLogin.result(visit.institution.id, String(visit.ctx.params.test))
    if (test.connection !== record.id) throw new Refusal('request.not_found', { test: test.id })
    const by = await namesFor(ports, visit)(test.by)
    const approval = await ports.connectionApproval.toActivate(record)
    const exchange = await exchangeOf(ports, visit, test)
    return testView(visit, { record, test, by, approval, exchange, now: ports.clock.now() })
  })
  desk.page('/connections/:id/tests', 'read-connections', async (visit) => {
    const record = await connectionOf(ports, visit)
    const tests = await ports.testLogin.list(visit.institution.id, record.id)
    return {
      title: `Test logins of ${record.name}`,
      heading: html`Test logins of ${bdi(record.name)}`,
      place: '/connections',
      main: html`<section class="card">${testRows(visit, { record, tests, now: ports.clock.now() })}</section>`,
    }
  })
}

/** Where what failed is told for the IdP's administrator; undefined where there is nothing, or they may not look. */
async function exchangeOf(
  { exchangeFlows }: ConnectionPagePorts,
  visit: Visit,
  { outcome, connection, reference, id }: TestLogin,
): Promise<string | undefined> {
  if (outcome !== 'failed' || !visit.may('read')) return undefined
  const wanted = { connection, reference, of: 'tests', limit: 10 } as const
  const found = await exchangeFlows.list(visit.institution.id, wanted)
  return found.find(({ test }) => test === id)?.id
}

interface TestView {
  readonly record: ConnectionRecord
  readonly test: TestLogin
  readonly by: string
  readonly approval: Approval
  /** Of the same, among the failed sign-ins. */
  readonly exchange: string | undefined
  readonly now: number
}

function testView(visit: Visit, view: TestView): ConsoleView {
  const { record, test, by } = view
  const { result } = test
  return {
    title: `Test login of ${record.name}`,
    heading: headingOf(view),
    lead: html`${bdi(record.name)}, version ${test.version} · ${moment(test.startedAt)} · ${bdi(by)}`,
    aside: outcomeBadge(test),
    place: '/connections',
    main: html`<div class="grid">
<section class="card stack" aria-labelledby="h-next"><h2 class="vh" id="h-next">What is next</h2>${verdict(visit, view)}<div class="actions">${nextButtons(visit, view)}</div></section>
${result && resultCards(visit, { test, result })}</div>`,
  }
}

function headingOf({ test: { outcome, result, answerBy }, now }: TestView): string {
  const checks = result?.checks ?? []
  const good = checks.filter(({ ok }) => ok).length
  if (outcome === 'passed') return `${good} of ${checks.length} checks passed`
  if (outcome === 'open') return answerBy > now ? 'The answer has not come yet' : 'No answer came'
  const failed = checks.find(({ ok }) => !ok)
  return failed === undefined ? 'The test failed' : `The test failed at: ${failed.name}`
}

// Whoever signs in as themselves is back by then.
const patienceMs = 60_000

/** What most often keeps an answer away: the IdP shows a page of its own, for it was never told of us. */
const unknownThere = (visit: Visit, { record }: TestView): Html =>
  html`Did the IdP show an error of its own? Then it may not know us, or not these addresses: its administrator must load <a href="${visit.path(`/connections/${record.id}#ours`)}">${record.type === 'saml' ? 'our metadata' : 'our addresses'}</a> first. Then run it again.`

function verdict(visit: Visit, view: TestView): Html {
  const { test } = view
  const { outcome, result } = test
  if (outcome === 'open')
    return notice(
      'info',
      'Nothing was decided.',
      view.now - test.startedAt < patienceMs
        ? 'Sign in at the IdP in the window that the test opened, or run it again.'
        : unknownThere(visit, view),
    )
  if (outcome === 'failed')
    return notice(
      'bad',
      'Nothing was changed.',
      html`The answer was refused with <code>${result?.code}</code>. What was expected and what was there stands below.`,
    )
  if (result?.counts) return notice('ok', 'It counts.', countsText(visit, view))
  return notice('warn', 'It does not count.', 'What was tested is no longer what is saved. Run it again.')
}

/** What follows; and where that is a step which this visitor may not take, who may. */
function countsText(visit: Visit, { test, record, approval }: TestView): string {
  const { state, proposal } = record
  const waits = proposal?.tested && digestOf(proposal.content) === digestOf(test.content)
  if (!waits && state === 'active') return 'What people sign in by works.'
  const what = waits ? 'The change that waits' : 'The connection'
  const others = whoMustText(visit, record, approval)
  return others === undefined ? `${what} can be activated.` : `${what} is ready to be activated. ${others}`
}

/** Is it this very test that lets the present connection, or what waits beside it, go live; and may they take the step? */
function mayActivate(visit: Visit, { record, test, approval }: TestView): boolean {
  const { proposal, state, managedBy } = record
  const tried = digestOf(test.content)
  const passed = proposal === undefined ? state === 'tested' : proposal.tested
  const same = tried === digestOf(proposal?.content ?? contentOfRecord(record))
  return test.result?.counts === true && managedBy === 'console' && passed && same && mayTake(visit, approval)
}

/** Activate, where this very test is what made it ready; else run again, or mend it. */
function nextButtons(visit: Visit, view: TestView): Html | undefined {
  const { record, test, exchange } = view
  const report =
    exchange !== undefined &&
    html`<a class="btn" href="${visit.path(`/exchanges/${exchange}/report`)}">Report for the IdP’s administrator</a>`
  if (!mayWrite(visit, record)) return html`${report}`
  const ready = mayActivate(visit, view)
  const what = record.proposal === undefined ? undefined : { what: 'proposal' }
  const again = stepForm(visit, record, {
    to: 'test',
    button: 'Run again',
    tone: ready || test.outcome === 'passed' ? '' : ' primary',
    ...(what && { fields: what }),
    choice: levelChoice(record.proposal?.content ?? record, test.askedAcr),
  })
  const edit =
    record.managedBy === 'console' &&
    html`<a class="btn" href="${visit.path(`/connections/${record.id}/edit`)}">Edit</a>`
  return html`${ready && stepForm(visit, record, { to: 'activate', button: 'Activate', tone: ' primary' })}${again}${edit}${report}<a class="btn plain" href="${visit.path(`/connections/${record.id}`)}">To the connection</a>`
}

interface Result {
  readonly test: TestLogin
  readonly result: TestResult
}

function resultCards(visit: Visit, { test, result }: Result): Html {
  const passed = test.outcome === 'passed'
  return html`<section class="card w8 stack" aria-labelledby="h-checks"><h2 id="h-checks">What was checked</h2>${checkList(result.checks)}</section>
<section class="card w4 stack" aria-labelledby="h-who"><h2 id="h-who">What came</h2>${keyValues([
    [
      'Clock of the IdP',
      result.clockOffsetMs === undefined
        ? 'Its answer names no time'
        : `${offsetText(result.clockOffsetMs)} against ours`,
    ],
    ['Reference', html`<span class="ref">${test.reference}</span>`],
    passed ? ['Name (NameID, sub)', ownValue(visit, test, result.nameId)] : undefined,
    test.askedAcr === undefined ? undefined : ['Level asked for', levelText(test.askedAcr)],
    result.level === undefined ? undefined : ['Class (AuthnContext, acr)', classText(result.authnContext)],
    result.level === undefined ? undefined : ['Counts as', levelText(result.level)],
  ])}</section>
${passed && attributesCard(visit, { test, result })}
<section class="card stack" aria-labelledby="h-said"><h2 id="h-said">What was said</h2><p class="hint">Decoded. What names a person, or could be used, is masked.</p>
${messageFigure('Our request', result.request, undefined)}${messageFigure(
  'The answer',
  result.answer,
  result.checks.find(({ ok }) => !ok),
)}</section>`
}

const classText = (authnContext = ''): Html =>
  authnContext === '' ? html`The answer names none` : html`<code class="copy">${bdi(authnContext)}</code>`

/** The tester sees their own; others see that there was something (invariant 8). */
const ownValue = ({ visitor }: Visit, { by }: TestLogin, value: string): Html =>
  actorOf(visitor) === by ? bdi(value) : html`<span class="quiet">${mask(value)}</span>`

function attributesCard(visit: Visit, { test, result }: Result): Html {
  const attributes = Object.entries(result.attributes)
  const claimOf = (attribute: string) =>
    Object.entries(test.content.claims).flatMap(([claim, from]) => (from === attribute ? [claim] : []))
  const missing = Object.entries(test.content.claims).filter(([claim]) => result.claims[claim] === undefined)
  return html`<section class="card stack" aria-labelledby="h-attr"><h2 id="h-attr">Attributes, and the claims that apps get</h2>
${
  attributes.length === 0
    ? html`<p class="quiet">The answer brought none.</p>`
    : dataTable({
        caption: 'Attributes of the answer and their claims',
        label: 'Attributes table',
        columns: [{ name: 'Attribute' }, { name: 'Value' }, { name: 'Claim' }],
        rows: attributes.map(([name, values]) => [
          html`<code>${name}</code>`,
          html`${values.map((value, i) => html`${i > 0 && html`<br>`}${ownValue(visit, test, value)}`)}`,
          claimOf(name).length > 0
            ? html`<code>${claimOf(name).join(', ')}</code>`
            : html`<span class="quiet">Not passed on</span>`,
        ]),
      })
}
${missing.length > 0 && html`<p class="small">The mapping asks for what the answer did not bring: ${missing.map(([claim, from]) => `${claim} ← ${from}`).join(', ')}.</p>`}</section>`
}
