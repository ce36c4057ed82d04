// Changing the risk engines, where no file says them: an engine, an event, what holds for all; one step at a time.
import { acrLadder } from '../domain/acr.ts'
import { Refusal } from '../domain/refusal.ts'
import {
  type Combining,
  challengeKinds,
  combinings,
  type Fallback,
  fallbacks,
  type RiskEventPolicy,
  riskActions,
} from '../domain/risk.ts'
import type { RiskChange } from '../domain/risk-changes.ts'
import { type AskedKind, askedKinds, type RiskFact, riskFactNames } from '../domain/risk-event.ts'
import type { PresentRisk, RiskChanges } from '../flows/risk-change.ts'
import type { Clock } from '../ports/clock.ts'
import type { RiskPlugin, RiskProviders } from '../ports/risk.ts'
import { whyIn } from './connection-ports.ts'
import { type Desk, type Form, type Next, type Visit, versionIn } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { type Editing, freshly, newsOf, numberIn } from './risk-edit-parts.ts'
import { commonView, type EngineForm, engineView, eventView, typesView } from './risk-edit-views.ts'
import { isSecret, nameOfField, readSettings, type Settings, valueAt } from './setting-values.ts'
import type { Fault } from './settings-form.ts'

export interface RiskEditPorts {
  readonly riskChanges: RiskChanges
  readonly riskProviders: Pick<RiskProviders, 'plugins'>
  readonly clock: Clock
}

const done = '/risk/providers?done=changed'

/** Before the pages of assessments, whose addresses take every name. */
export function riskEditPages(desk: Desk, ports: RiskEditPorts): void {
  desk.page('/risk/add', 'policy', (visit) => addPage(visit, ports))
  desk.form('/risk/add', 'policy', (visit, form) => saveEngine(visit, ports, { form, known: undefined }))
  desk.page('/risk/providers/:id/edit', 'policy', (visit) => enginePage(visit, ports))
  desk.form('/risk/providers/:id/edit', 'policy', (visit, form) =>
    saveEngine(visit, ports, { form, known: String(visit.ctx.params.id) }),
  )
  desk.form('/risk/providers/:id/remove', 'policy', (visit, form) => {
    const id = String(visit.ctx.params.id)
    return step(visit, ports, {
      ...{ form, change: { kind: 'without-provider', id } },
      show: (editing) => engineView(visit, { ...engineOf(ports, editing.present, id), editing }),
    })
  })
  desk.page('/risk/events/:kind', 'policy', (visit) => eventPage(visit, ports))
  desk.form('/risk/events/:kind', 'policy', (visit, form) => saveEvent(visit, ports, form))
  desk.form('/risk/events/:kind/remove', 'policy', (visit, form) => {
    const event = kindOf(visit)
    return step(visit, ports, {
      ...{ form, change: { kind: 'without-event', event } },
      show: (editing) =>
        eventView(visit, { editing, kind: event, policy: policyNow(editing.present, event) }),
    })
  })
  desk.page('/risk/common', 'policy', (visit) => commonPage(visit, ports))
  desk.form('/risk/common', 'policy', (visit, form) => saveCommon(visit, ports, form))
}

/** Refuses with `risk.managed` where the file says the engines. */
async function presentOf({ institution }: Visit, { riskChanges }: RiskEditPorts): Promise<PresentRisk> {
  const present = await riskChanges.present(institution.id)
  if (present.ruler.kind === 'file') throw new Refusal('risk.managed', { institution: institution.id })
  return present
}

interface Step {
  readonly form: Form
  readonly change: RiskChange
  /** The form as it was typed. */
  readonly show: (editing: Editing) => ConsoleView
}

/** Takes the step, or shows the form again with what keeps it from being taken. */
async function step(visit: Visit, ports: RiskEditPorts, { form, change, show }: Step): Promise<Next> {
  const present = await presentOf(visit, ports)
  const why = whyIn(form)
  const loosens = ports.riskChanges.loosened(present, change).length > 0
  const again = (faults: readonly Fault[], news: Editing['news']) =>
    show({ present, loosens, faults, why, news })
  try {
    const asked = { institution: visit.institution.id, change, base: versionIn(form) }
    const faults = await ports.riskChanges.change(asked, { visitor: visit.visitor, why })
    return faults.length === 0 ? done : again(faults, undefined)
  } catch (error) {
    const news = error instanceof Refusal ? newsOf[error.code] : undefined
    if (news === undefined) throw error
    return again([], news)
  }
}

async function addPage(visit: Visit, ports: RiskEditPorts): Promise<ConsoleView> {
  const present = await presentOf(visit, ports)
  const { type } = visit.ctx.query
  const plugins = ports.riskProviders.plugins()
  if (typeof type !== 'string') return typesView(visit, plugins)
  const plugin = pluginOf(ports, type)
  const empty = {
    known: undefined,
    id: '',
    settings: {},
    facts: plugin.facts,
    challenge: [],
    now: ports.clock.now(),
  }
  return engineView(visit, { ...empty, plugin, editing: freshly(present, false) })
}

function pluginOf({ riskProviders }: RiskEditPorts, type: string): RiskPlugin {
  const plugin = riskProviders.plugins().find((one) => one.type === type)
  if (plugin === undefined) throw new Refusal('request.not_found', { type })
  return plugin
}

async function enginePage(visit: Visit, ports: RiskEditPorts): Promise<ConsoleView> {
  const present = await presentOf(visit, ports)
  const engine = engineOf(ports, present, String(visit.ctx.params.id))
  return engineView(visit, { ...engine, editing: freshly(present, true) })
}

/** As it is set. Refuses with `request.not_found` for one that there is not, or whose type is gone. */
function engineOf(ports: RiskEditPorts, { risk }: PresentRisk, id: string): Omit<EngineForm, 'editing'> {
  const setting = risk?.providers.find((one) => one.id === id)
  if (setting === undefined) throw new Refusal('request.not_found', { provider: id })
  const plugin = pluginOf(ports, setting.type)
  const { settings, facts = plugin.facts, challenge = [] } = setting
  return { plugin, known: id, id, settings, facts, challenge, now: ports.clock.now() }
}

interface Saving {
  readonly form: Form
  readonly known: string | undefined
}

async function saveEngine(visit: Visit, ports: RiskEditPorts, { form, known }: Saving): Promise<Next> {
  const present = await presentOf(visit, ports)
  const before = known === undefined ? undefined : engineOf(ports, present, known)
  const plugin = before?.plugin ?? pluginOf(ports, form.get('type') ?? '')
  const id = known ?? (form.get('id') ?? '').trim()
  const base = before?.settings ?? {}
  const settings = readSettings(plugin.fields, form, base)
  const facts = riskFactNames.filter((name) => form.get(`fact.${name}`) === 'on')
  const usual = isSame(facts, plugin.facts)
  const challenge = challengeKinds.filter((kind) => form.get(`challenge.${kind}`) === 'on')
  const runs = challenge.length > 0 && { challenge }
  const provider = { id, type: plugin.type, settings, ...(!usual && { facts }), ...runs }
  // What was typed as a secret is on no page: the form says of those alone that are kept that one is set.
  const kept = readSettings(plugin.fields, withoutSecrets(form, plugin), base)
  const shown = { plugin, known, id, settings: kept, facts, challenge, now: ports.clock.now() }
  const show = (editing: Editing) => engineView(visit, { ...shown, editing })
  const taken = known === undefined && present.risk?.providers.some((one) => one.id === id)
  const faults = taken
    ? [{ path: 'id', message: 'there is an engine of this name' }]
    : movedSecrets(plugin, form, { base, settings })
  if (faults.length > 0) return show({ ...freshly(present, known !== undefined), faults, why: whyIn(form) })
  return step(visit, ports, { form, change: { kind: 'provider', provider }, show })
}

interface Moved {
  readonly base: Settings
  readonly settings: Settings
}

/** A secret is kept for the address that it was typed for: whoever names another one has to know it. */
function movedSecrets({ fields }: RiskPlugin, form: Form, { base, settings }: Moved): readonly Fault[] {
  const moved = fields.some(
    ({ kind, path }) => kind === 'url' && valueAt(base, path) !== valueAt(settings, path),
  )
  const kept = fields.filter((field) => {
    const name = nameOfField(field)
    const left = (form.get(name) ?? '').trim() === '' && form.get(`${name}.forget`) !== 'on'
    return isSecret(field) && left && valueAt(base, field.path) !== undefined
  })
  const message = 'the address is another one: type it again'
  return moved ? kept.map((field) => ({ path: nameOfField(field), message })) : []
}

const isSame = (a: readonly RiskFact[], b: readonly RiskFact[]): boolean =>
  a.length === b.length && b.every((name) => a.includes(name))

function withoutSecrets(form: Form, { fields }: RiskPlugin): Form {
  const secrets = new Set(fields.filter(isSecret).map(nameOfField))
  return new Map([...form].filter(([name]) => !secrets.has(name)))
}

function kindOf({ ctx }: Visit): AskedKind {
  const kind = askedKinds.find((one) => one === ctx.params.kind)
  if (kind === undefined) throw new Refusal('request.not_found', { kind: String(ctx.params.kind) })
  return kind
}

/** As it is asked, or as one would begin: what moves money is stopped where nobody can say what it is. */
const policyNow = ({ risk }: PresentRisk, kind: AskedKind): RiskEventPolicy =>
  risk?.events[kind] ?? {
    ...{ ask: [], combine: 'strictest', bands: {} },
    onFailure: kind === 'payment' ? 'deny' : 'step-up',
  }

async function eventPage(visit: Visit, ports: RiskEditPorts): Promise<ConsoleView> {
  const present = await presentOf(visit, ports)
  const kind = kindOf(visit)
  const editing = freshly(present, present.risk?.events[kind] !== undefined)
  return eventView(visit, { editing, kind, policy: policyNow(present, kind) })
}

async function saveEvent(visit: Visit, ports: RiskEditPorts, form: Form): Promise<Next> {
  const { risk } = await presentOf(visit, ports)
  const event = kindOf(visit)
  const ids = (risk?.providers ?? []).map(({ id }) => id)
  const shadow = ids.filter((id) => form.get(`ask.${id}`) === 'shadow')
  const policy: RiskEventPolicy = {
    ...(shadow.length > 0 && { shadow }),
    ask: askedIn(form, ids),
    // What is none of them is none by the rules either, and told at its field.
    combine: (form.get('combine') ?? combinings[0]) as Combining,
    onFailure: (form.get('on_failure') ?? fallbacks[1]) as Fallback,
    bands: Object.fromEntries(
      riskActions.flatMap((action) => {
        const least = numberIn(form, `band.${action}`)
        return least === undefined ? [] : [[action, least]]
      }),
    ),
  }
  return step(visit, ports, {
    ...{ form, change: { kind: 'event', event, policy } },
    show: (editing) => eventView(visit, { editing, kind: event, policy }),
  })
}

/** In the order that was typed; those without one come last, as they stand. */
function askedIn(form: Form, ids: readonly string[]): RiskEventPolicy['ask'] {
  const asked = ids.flatMap((provider) => {
    const how = form.get(`ask.${provider}`)
    if (how !== 'yes' && how !== 'optional') return []
    const order = numberIn(form, `order.${provider}`) ?? Number.MAX_SAFE_INTEGER
    return [
      { order, provider, weight: numberIn(form, `weight.${provider}`) ?? 1, optional: how === 'optional' },
    ]
  })
  return asked.toSorted((a, b) => a.order - b.order).map(({ order: _order, ...one }) => one)
}

async function commonPage(visit: Visit, ports: RiskEditPorts): Promise<ConsoleView> {
  const present = await presentOf(visit, ports)
  const { risk } = present
  if (risk === undefined) throw new Refusal('request.not_found', { risk: false })
  return commonView(visit, { ...risk, editing: freshly(present, true) })
}

async function saveCommon(visit: Visit, ports: RiskEditPorts, form: Form): Promise<Next> {
  const { risk } = await presentOf(visit, ports)
  if (risk === undefined) throw new Refusal('request.not_found', { risk: false })
  const stepUp = acrLadder.slice(1).find((acr) => acr === form.get('step_up'))
  if (stepUp === undefined) throw new Refusal('request.malformed', { step_up: false })
  const budgetMs = numberIn(form, 'budget_ms') ?? Number.NaN
  return step(visit, ports, {
    ...{ form, change: { kind: 'common', budgetMs, stepUp } },
    show: (editing) => commonView(visit, { editing, budgetMs, stepUp }),
  })
}
