// The page of a connection and the steps that are taken on it: test, activate, discard; what ends something asks first (connection-endings).
import { fieldChanges } from '../domain/connection.ts'
import { nothingAsked } from '../domain/connection-approval.ts'
import { Refusal } from '../domain/refusal.ts'
import { contentOfRecord } from '../flows/connections.ts'
import type { Taker } from '../flows/console-connections.ts'
import { bindBrowser } from '../http/browser.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, notice } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { connectionView } from './connection-page.ts'
import {
  atOf,
  type ConnectionPagePorts,
  connectionOf,
  contentNews,
  namesFor,
  orProve,
  pluginFor,
  takerIn,
  workOn,
} from './connection-ports.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import { difference, pathLabel } from './difference.ts'
import { spanIn } from './health-card.ts'
import { chosenLevel } from './level-choice.ts'
import { refreshNews } from './metadata-card.ts'
import type { ConsoleView } from './page.ts'
import { contentAt } from './shown-content.ts'
import { moment, withCode } from './words.ts'

export function connectionSteps(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id', 'read-connections', async (visit) => {
    const record = await connectionOf(ports, visit)
    return pageOf(ports, visit, { record, news: newsOf(visit, record) })
  })
  desk.form('/connections/:id/test', 'connections', (visit, form) => beginTest(ports, visit, form))
  desk.form('/connections/:id/refresh', 'connections', (visit) => refresh(ports, visit))
  desk.form('/connections/:id/activate', 'connections', (visit, form) => activate(ports, visit, form))
  desk.form('/connections/:id/discard', 'connections', (visit, form) =>
    step(ports, visit, {
      form,
      onward: `/connections/${visit.ctx.params.id}?done=discarded`,
      act: (taker) => ports.connections.discard(atOf(visit, form), taker),
    }),
  )
}

export interface Showing {
  readonly record: ConnectionRecord
  readonly news: Html | undefined
}

const shownTests = 5

/** The page with everything on it, as it is now. */
export async function pageOf(
  ports: ConnectionPagePorts,
  visit: Visit,
  { record, news }: Showing,
): Promise<ConsoleView> {
  const { institution } = visit
  const { proposal, state } = record
  const plugin = pluginFor(ports, record.type)
  const span = spanIn(visit)
  const canGoLive = state === 'tested' || proposal !== undefined
  return connectionView(visit, {
    record,
    plugin,
    label: pathLabel(ports.connectors.plugins(), record.type),
    changes:
      proposal === undefined ? [] : fieldChanges(contentOfRecord(record), proposal.content, plugin.secrets),
    proposedBy: proposal === undefined ? '' : await namesFor(ports, visit)(proposal.by),
    approval: canGoLive ? await ports.connectionApproval.toActivate(record) : nothingAsked,
    tests: (await ports.testLogin.list(institution.id, record.id)).slice(0, shownTests),
    health: { span, steps: await ports.healthOver(institution.id, record.id, span) },
    lastSignIn: await ports.lastSignIn(institution.id, record.id),
    apps: await appsOf(ports, visit, record),
    removable: await ports.connections.removable(record),
    metadata: plugin.discovery?.again(record.settings) && {
      state: await ports.metadataRefresh.state(institution.id, record.id),
    },
    news,
    now: ports.clock.now(),
  })
}

/** Staff come into the console by theirs, named by no app. */
async function appsOf({ connections }: ConnectionPagePorts, visit: Visit, record: ConnectionRecord) {
  const asked = record.state === 'active' && record.audience !== 'workforce' && visit.may('read')
  return asked ? connections.namedBy(visit.institution.id, record.id) : undefined
}

interface Step {
  readonly form: Form
  /** Where to go once it is taken, with the sentence that the page says there. */
  readonly onward: string
  readonly act: (taker: Taker) => Promise<unknown>
}

/** Takes it, or shows what has moved meanwhile. */
export async function step(
  ports: ConnectionPagePorts,
  visit: Visit,
  { form, onward, act }: Step,
): Promise<Next> {
  try {
    await act(takerIn(visit, form))
    return onward
  } catch (error) {
    const news = contentNews(error, 'Nothing was done: what would go live does not hold.')
    if (news !== undefined) {
      const record = await connectionOf(ports, visit)
      return { ...(await pageOf(ports, visit, { record, news })), status: 422 }
    }
    if (!(error instanceof Refusal) || error.code !== 'connection.stale') throw error
    return staleStep(ports, visit, form)
  }
}

/** Nothing was done: somebody else was first. The same page, as it is now, with what they changed. */
async function staleStep(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  const taken = await alreadyTaken(ports, visit, record)
  if (taken !== undefined) return { ...(await pageOf(ports, visit, { record, news: taken })), status: 409 }
  const { version } = atOf(visit, form)
  const history = await ports.connections.history(visit.institution.id, record.id)
  const before = contentAt(history, version)
  const now = contentAt(history, record.version)
  const { secrets } = pluginFor(ports, record.type)
  const label = pathLabel(ports.connectors.plugins(), record.type)
  const changes = before && now ? fieldChanges(before, now, secrets) : []
  const news = html`<div class="stack">${notice('warn', 'Nothing was done.', withCode(`Somebody changed this connection since you opened the page (version ${version}, now ${record.version}). Look again, then take the step.`, 'connection.stale'))}
${difference({ caption: `What changed since version ${version}`, changes, label })}</div>`
  return { ...(await pageOf(ports, visit, { record, news })), status: 409 }
}

/** The very step was taken meanwhile, perhaps by the same person in another window; undefined where it was not. */
export async function alreadyTaken(
  ports: ConnectionPagePorts,
  visit: Visit,
  record: ConnectionRecord,
): Promise<Html | undefined> {
  const { state, proposal, id } = record
  const wanted = /\/(disable|activate)$/.exec(visit.ctx.path)?.[1]
  const change = wanted === 'disable' ? 'disabled' : 'activated'
  const isSo = change === 'disabled' ? state === 'disabled' : state === 'active' && proposal === undefined
  if (wanted === undefined || !isSo) return undefined
  const history = await ports.connections.history(visit.institution.id, id)
  const last = history.find((one) => one.change === change)
  if (last === undefined) return undefined
  const word = change === 'disabled' ? 'It is switched off already.' : 'It is live already.'
  const who = await namesFor(ports, visit)(last.by)
  return notice(
    'info',
    word,
    html`By ${bdi(who)}, ${moment(last.at)}: nothing is left to do. Code connection.stale.`,
  )
}

async function activate(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const record = await connectionOf(ports, visit)
  // What was judged must be what is activated: another version is another change.
  if (record.version !== atOf(visit, form).version) return staleStep(ports, visit, form)
  const act = (taker: Taker) => ports.connections.activate(record, taker)
  const here = `/connections/${record.id}`
  return orProve(here, () => step(ports, visit, { form, onward: `${here}?done=activated`, act }))
}

async function beginTest(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const { ctx, tenant, institution } = visit
  const record = await connectionOf(ports, visit)
  workOn(visit, record)
  const what = form.get('what') === 'proposal' ? 'proposal' : 'present'
  const { by } = visit.actor()
  const browserHash = bindBrowser(ctx, tenant, ports.chance)
  // The connector may ask its IdP: nothing of this unit may be open meanwhile (ruling R-1).
  await ports.unit.checkpoint()
  const content = what === 'proposal' ? (record.proposal?.content ?? record) : record
  const start = { connection: record.id, what, by, browserHash, acr: chosenLevel(form, content) } as const
  const { departure } = await ports.testLogin.start(institution, start)
  return { departure, to: record.name, nonce: ports.chance.token(16) }
}

async function refresh(ports: ConnectionPagePorts, visit: Visit): Promise<ConsoleView> {
  const present = await connectionOf(ports, visit)
  workOn(visit, present)
  const { id } = present
  const report = await ports.metadataRefresh.now(visit.institution.id, id, visit.actor('read by hand'))
  const record = await connectionOf(ports, visit)
  const label = pathLabel(ports.connectors.plugins(), record.type)
  return pageOf(ports, visit, { record, news: refreshNews(report, label) })
}

const done: Readonly<Record<string, readonly [outcome: string, meaning: string]>> = {
  created: ['The draft is saved.', 'Tell the IdP about us, then make a test login.'],
  already: [
    'It is saved already.',
    'Another window was quicker: this is that draft. Nothing was made twice.',
  ],
  saved: ['The change is saved.', ''],
  proposed: ['The change is saved and waits.', 'People sign in as before until it was tested and activated.'],
  activated: [
    'It is live.',
    'Apps offer it once they list it (see Apps). Edit says which claims they get of people.',
  ],
  discarded: ['The change was discarded.', 'It stays in the history.'],
  disabled: ['It is switched off.', 'Nobody can sign in by it.'],
  restored: ['The earlier version is back.', 'It was taken over like any other change.'],
}

/** After a step; and after the very first connection of staff, how to come in by it. */
function newsOf(visit: Visit, record: ConnectionRecord): Html | undefined {
  const first = firstWayIn(visit, record)
  const [outcome, meaning] = done[String(visit.ctx.query.done ?? '')] ?? []
  if (first === undefined && outcome === undefined) return undefined
  return html`${first ?? (outcome !== undefined && notice('ok', outcome, meaning))}`
}

const firstWayIn = ({ visitor }: Visit, { audience, state }: ConnectionRecord): Html | undefined =>
  visitor.kind === 'set-up' && audience === 'workforce' && state === 'active'
    ? notice(
        'ok',
        'Staff can sign in now.',
        'Open your invitation link again and sign in as yourself: it makes you the owner of this console.',
      )
    : undefined
