// Freezing by a form: what it is, why, and for how long; one press, and it is in force on every node.
import { type FreezeKind, isFreezeKind } from '../domain/freeze.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { FreezeFlows, Named } from '../flows/freezes.ts'
import { type Html, html } from '../http/page/html.ts'
import { hiddenFields, icon, notice } from '../http/page/parts.ts'
import { httpStatusOf } from '../http/words/codes.ts'
import type { Chance } from '../ports/clock.ts'
import { wholeWhyIn } from './connection-ports.ts'
import type { Form, Next, Visit } from './desk.ts'
import { freezeMeans, frozenName } from './freeze-words.ts'
import type { ConsoleView } from './page.ts'
import { askedIn } from './search.ts'
import { withCode } from './words.ts'

export interface FreezeFormPorts {
  readonly freezeFlows: FreezeFlows
  readonly chance: Chance
}

const place = '/freezes'

interface Filled {
  readonly id: string
  readonly named: Named
  readonly why: string
  readonly hours: string
  readonly refused?: RefusalCode | undefined
}

/** For a kind, and prefilled where a page led here. */
export function newPage(visit: Visit, ports: FreezeFormPorts): Promise<ConsoleView> {
  const { kind, name, transaction } = askedIn(visit, ['kind', 'name', 'transaction'])
  const named = namedBy({ kind, transaction, name: kind === 'payee' ? '' : name })
  return formView(visit, ports, { id: ports.chance.token(16), named, why: '', hours: '' })
}

/** Refuses with `request.malformed` what our own pages do not say. */
function namedBy({
  kind,
  name,
  transaction,
}: Readonly<Record<'kind' | 'name' | 'transaction', string>>): Named {
  if (!isFreezeKind(kind)) throw new Refusal('request.malformed', { kind: false })
  return kind === 'payee' && transaction !== '' ? { kind, transaction } : { kind, name }
}

export async function freeze(visit: Visit, ports: FreezeFormPorts, form: Form): Promise<Next> {
  const text = (name: string) => (form.get(name) ?? '').trim().slice(0, 200)
  const [id, hours, why] = [text('id'), text('hours'), wholeWhyIn(form)]
  if (!/^[\w-]{16,64}$/.test(id) || !/^\d{0,4}$/.test(hours))
    throw new Refusal('request.malformed', { id: false })
  const named = namedBy({ kind: text('kind'), name: text('name'), transaction: text('transaction') })
  try {
    const given = hours === '' ? undefined : Number(hours)
    await ports.freezeFlows.set(visit.visitor, { id, named, why, hours: given })
    return `${place}/${id}?done=set`
  } catch (error) {
    if (!(error instanceof Refusal) || faults[error.code] === undefined) throw error
    // Of its own again: the former id is that of another freeze.
    const next = error.code === 'freeze.stale' ? ports.chance.token(16) : id
    return formView(visit, ports, { id: next, named, why, hours, refused: error.code })
  }
}

interface Fault {
  /** Where it stands; undefined: at the top of the page. */
  readonly field: 'name' | 'why' | undefined
  readonly words: string
}

const faults: Readonly<Partial<Record<RefusalCode, Fault>>> = {
  'subject.unknown': { field: 'name', words: 'No customer is called so.' },
  'device.unknown': { field: 'name', words: 'No device has this id.' },
  'core.unknown': { field: 'name', words: 'No core has this id.' },
  'freeze.target': {
    field: 'name',
    words:
      'This cannot be frozen: it is no account number (the check digits of an IBAN must hold), or an administrator, whose roles are taken away instead.',
  },
  'freeze.reason': { field: 'why', words: 'Say why, in 300 characters at most.' },
  'freeze.stale': {
    field: undefined,
    words: 'This form was used before, for another freeze. Read it once more, then press the button again.',
  },
}

const titles: Readonly<Record<FreezeKind, string>> = {
  customer: 'Freeze a customer',
  device: 'Freeze a device',
  payee: 'Freeze a payee',
  core: 'Freeze a core',
}

const newsOf = (refused: RefusalCode): Html => {
  const fault = faults[refused]
  const marked = 'Look at what is marked below, then press the button again.'
  const words = fault?.field === undefined ? withCode(fault?.words ?? '', refused) : marked
  return notice('warn', 'Nothing is frozen yet.', words)
}

async function formView(visit: Visit, ports: FreezeFormPorts, filled: Filled): Promise<ConsoleView> {
  const { id, named, refused } = filled
  const { kind } = named
  const about: Readonly<Record<string, string>> =
    'transaction' in named ? { transaction: named.transaction } : {}
  return {
    title: refused === undefined ? titles[kind] : `Nothing is frozen – ${titles[kind].toLowerCase()}`,
    heading: titles[kind],
    lead: freezeMeans[kind],
    place,
    status: refused === undefined ? 200 : httpStatusOf(refused),
    main: html`<section class="card" aria-label="${titles[kind]}"><form method="post" action="${visit.path(place)}" class="stack-l">${hiddenFields({ form_token: visit.formToken, id, kind, ...about })}
${refused !== undefined && newsOf(refused)}
${await whatField(visit, ports, filled)}
${whyField(filled)}
${hoursField(filled.hours)}
<div class="actions"><button class="btn danger">Freeze it now</button><a class="btn" href="${visit.path(place)}">Cancel</a></div></form></section>`,
  }
}

const labels: Readonly<Record<FreezeKind, readonly [label: string, hint: string]>> = {
  customer: ['Customer', 'The sub as the audit log has it, or as an app knows it'],
  device: ['Device', 'The id of the device, as approvals and the audit log have it'],
  payee: ['Account number', 'With or without spaces. It is masked from then on'],
  core: ['Core', 'The id of the core, as in the address that apps call: /soap/{id}'],
}

/** An account that was typed is not shown again, also where something is wrong with it. */
async function whatField(visit: Visit, { freezeFlows }: FreezeFormPorts, filled: Filled): Promise<Html> {
  const { named, refused } = filled
  const [label, hint] = labels[named.kind]
  if ('transaction' in named) {
    const name = await freezeFlows.nameOf(visit.institution.id, named)
    return html`<p>${label}: ${frozenName({ kind: named.kind, name })} <span class="quiet">of the transaction that you came from</span></p>`
  }
  const value = named.kind === 'payee' ? '' : named.name
  return field({ name: 'name', label, hint, value, refused })
}

const whyField = ({ why, refused }: Filled): Html =>
  field({
    ...{ name: 'why', label: 'Why', value: why, refused },
    hint: 'Stands here and, sealed, in the audit log, beside your name',
  })

interface TextField {
  readonly name: NonNullable<Fault['field']>
  readonly label: string
  readonly hint: string
  readonly value: string
  readonly refused: RefusalCode | undefined
}

export function field({ name, label, hint, value, refused }: TextField): Html {
  const fault = refused === undefined ? undefined : faults[refused]
  const wrong = fault?.field === name
  const error =
    wrong &&
    html`<p class="error" id="${name}-e">${icon('warn')}<span>${withCode(fault.words, refused ?? '')}</span></p>`
  return html`<div class="field"><label for="${name}">${label}</label><input class="input" id="${name}" name="${name}" value="${value}" maxlength="${name === 'why' ? 300 : 200}" autocomplete="off" required aria-describedby="${name}-h${wrong && ` ${name}-e`}"${wrong && html` aria-invalid="true"`}>
<p class="hint" id="${name}-h">${hint}</p>${error}</div>`
}

const ends = [
  ['', 'Until somebody lifts it'],
  ['1', 'For an hour'],
  ['8', 'For 8 hours'],
  ['24', 'For a day'],
  ['72', 'For 3 days'],
  ['168', 'For a week'],
] as const

const hoursField = (hours: string): Html =>
  html`<div class="field"><label for="hours">How long</label><select class="input" id="hours" name="hours">${ends.map(
    ([value, words]) => html`<option value="${value}"${value === hours && html` selected`}>${words}</option>`,
  )}</select></div>`
