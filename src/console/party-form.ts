// The form of an app by its platform, and the registration that it makes.
import { isWorkforce } from '../domain/console-party.ts'
import { type Connection, clientScopes, type RelyingParty } from '../domain/institution.ts'
import type { PartyFault, Platform } from '../domain/relying-party.ts'
import type { PartyChoices } from '../flows/relying-parties.ts'
import { type Html, html } from '../http/page/html.ts'
import { icon } from '../http/page/parts.ts'
import type { RelyingPartyRecord } from '../ports/relying-parties.ts'
import type { Form } from './desk.ts'

export const platformName: Readonly<Record<Platform, string>> = {
  ios: 'iOS app',
  android: 'Android app',
  web: 'Web app',
  server: 'Server (API)',
}

interface Field {
  readonly name: string
  readonly label: string
  readonly hint: string
  readonly kind: 'text' | 'lines' | 'connections' | 'scopes' | 'proofs' | 'introspection'
  readonly on: readonly Platform[]
  /** Asked for only where the registration is new. */
  readonly once?: boolean
}

const apps = ['ios', 'android', 'web'] as const
const all = [...apps, 'server'] as const

const fields: readonly Field[] = [
  {
    name: 'name',
    label: 'Name',
    hint: 'As customers know it; it stands on their sign-in pages.',
    kind: 'text',
    on: all,
  },
  {
    name: 'id',
    label: 'Client id',
    hint: 'Lower-case letters, digits, dot, hyphen. It cannot be changed later.',
    kind: 'text',
    on: all,
    once: true,
  },
  {
    name: 'redirectUris',
    label: 'Redirect addresses',
    hint: 'One a line. Claimed https is best: https://app.alder.example/callback',
    kind: 'lines',
    on: apps,
  },
  {
    name: 'webOrigins',
    label: 'Web origins',
    hint: 'From which pages call the token endpoint: https://app.alder.example',
    kind: 'lines',
    on: ['web'],
  },
  {
    name: 'postLogoutRedirectUris',
    label: 'Addresses after sign-out',
    hint: 'One a line; may stay empty.',
    kind: 'lines',
    on: apps,
  },
  {
    name: 'backchannelLogoutUri',
    label: 'Back-channel logout address',
    hint: 'Where its back end is told that a session has ended; may stay empty.',
    kind: 'text',
    on: apps,
  },
  {
    name: 'connections',
    label: 'Connections',
    hint: 'By which its customers sign in; more than one gives them a page to choose. An app of staff has those of staff alone.',
    kind: 'connections',
    on: apps,
  },
  { name: 'scopes', label: 'Scopes', hint: 'What it may ask for.', kind: 'scopes', on: all },
  {
    name: 'proofs',
    label: 'What it proves',
    hint: 'Without them it gets bearer tokens, at the lowest level: it can enrol no device and pay nothing. AppAuth does neither by itself.',
    kind: 'proofs',
    on: apps,
  },
  {
    name: 'introspection',
    label: 'Introspection',
    hint: 'For an API that carries payments out and asks by introspection alone: a payment’s token is active for it once.',
    kind: 'introspection',
    on: ['server'],
  },
  {
    name: 'keys',
    label: 'Public keys',
    hint: 'A JWK set, or one JWK (ES256). Never a private key.',
    kind: 'lines',
    on: ['server'],
  },
]

const fieldsOf = (platform: Platform, isNew: boolean): Field[] =>
  fields.filter(({ on, once }) => on.includes(platform) && (isNew || once !== true))

interface Filled {
  readonly platform: Platform
  readonly choices: PartyChoices
  readonly values: Form
  readonly faults: readonly PartyFault[]
  readonly record?: RelyingPartyRecord | undefined
}

/** The fields, with what was typed or is registered, each with its faults. */
export function partyForm(filled: Filled): Html {
  const { platform, record } = filled
  return html`${fieldsOf(platform, record === undefined).map((field) => control(field, filled))}`
}

/** What the registration says, as the field has it. */
function present({ name }: Field, record: RelyingPartyRecord | undefined): string {
  const value = record && (record.party as unknown as Readonly<Record<string, unknown>>)[name]
  if (name === 'keys') return value === undefined ? '' : JSON.stringify({ keys: value }, undefined, 2)
  return Array.isArray(value) ? value.join('\n') : String(value ?? '')
}

function control(field: Field, filled: Filled): Html {
  const { name, label, hint, kind } = field
  const faults = filled.faults.filter((fault) => fault.field === name)
  const described = `${faults.length > 0 ? `${name}-error ` : ''}${name}-hint`
  const error =
    faults.length > 0 &&
    html`<p class="error" id="${name}-error">${icon('warn')}<span>${faults.map(({ message }) => message).join('; ')}</span></p>`
  const note = html`<p class="hint" id="${name}-hint">${hint}</p>`
  if (kind !== 'text' && kind !== 'lines')
    return html`<fieldset class="field" aria-describedby="${described}"><legend>${label}</legend>${error}${note}${boxes(field, filled)}</fieldset>`
  const value = filled.values.get(name) ?? present(field, filled.record)
  const invalid = faults.length > 0 && html` aria-invalid="true"`
  return html`<div class="field"><label for="${name}">${label}</label>${
    kind === 'lines'
      ? html`<textarea class="input" id="${name}" name="${name}" rows="${name === 'keys' ? 8 : 3}" aria-describedby="${described}"${invalid}>${value}</textarea>`
      : html`<input class="input" id="${name}" name="${name}" value="${value}" maxlength="500" aria-describedby="${described}"${invalid}>`
  }${error}${note}</div>`
}

interface Option {
  readonly id: string
  readonly name: string
}

const proofs: readonly Option[] = [
  { id: 'requirePar', name: 'Pushes its requests (PAR)' },
  { id: 'requireDpop', name: 'Proves a key of its own (DPoP)' },
]

const uses: readonly Option[] = [{ id: 'consume', name: 'Uses transactions up' }]

function optionsOf({ kind }: Field, { platform, choices }: Filled): readonly Option[] {
  if (kind === 'proofs') return proofs
  if (kind === 'introspection') return uses
  if (kind === 'scopes') return scopesFor(platform, choices).map((id) => ({ id, name: id }))
  return choices.connections.map((one) => ({
    id: one.id,
    name: `${one.name} (${[one.id, isWorkforce(one) && 'staff', notOffered[one.state]].filter(Boolean).join(', ')})`,
  }))
}

/** Why customers do not see it, whatever names it. */
export const notOffered: Readonly<Record<Connection['state'], string>> = {
  draft: 'a draft, not offered',
  tested: 'not live yet, not offered',
  active: '',
  disabled: 'off, not offered',
}

/** What is ticked before anybody has touched the form. */
function chosenIn(field: Field, { platform, record }: Filled): readonly string[] {
  if (field.kind === 'introspection') return [record?.party.introspection ?? 'look']
  if (field.kind !== 'proofs')
    return record === undefined ? defaults(platform) : present(field, record).split('\n')
  const { requirePar = true, requireDpop = true } = record?.party ?? {}
  return [...(requirePar ? ['requirePar'] : []), ...(requireDpop ? ['requireDpop'] : [])]
}

/** One box a choice: `scopes.openid`. */
function boxes(field: Field, filled: Filled): Html {
  const { name } = field
  const typed = filled.values.has('name')
  const chosen = chosenIn(field, filled)
  const on = (id: string) => (typed ? filled.values.has(`${name}.${id}`) : chosen.includes(id))
  return html`<div class="boxes">${optionsOf(field, filled).map(
    ({ id, name: shown }) =>
      html`<label><input type="checkbox" name="${name}.${id}" value="on"${on(id) && html` checked`}> ${shown}</label>\n`,
  )}</div>`
}

const defaults = (platform: Platform): string[] => (platform === 'server' ? [] : ['openid', 'profile'])

/** What is done without a customer is for servers, and nothing else is. */
const scopesFor = (platform: Platform, { scopes }: PartyChoices): string[] =>
  scopes.filter((scope) => clientScopes.includes(scope) === (platform === 'server'))

interface Reading {
  readonly institution: string
  readonly platform: Platform
  readonly choices: PartyChoices
  /** What is edited; members that the form does not show stay as they are. */
  readonly before?: RelyingParty | undefined
}

const linesOf = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** The registration that a form makes; what cannot even be read is among the faults. */
export function entryOf(form: Form, reading: Reading): { party: RelyingParty; faults: PartyFault[] } {
  const { institution, platform, choices, before } = reading
  const text = (name: string) => (form.get(name) ?? '').trim()
  const boxed = (name: string, options: readonly string[]) =>
    options.filter((id) => form.has(`${name}.${id}`))
  const keys = keysIn(text('keys'))
  const server = platform === 'server'
  const backchannel = text('backchannelLogoutUri')
  const party: RelyingParty = {
    acrFloor: undefined,
    transactionTypes: [],
    ...before,
    requirePar: !server && form.has('proofs.requirePar'),
    requireDpop: !server && form.has('proofs.requireDpop'),
    institution,
    platform,
    kind: server ? 'api' : 'app',
    id: before?.id ?? text('id'),
    name: text('name'),
    redirectUris: linesOf(text('redirectUris')),
    postLogoutRedirectUris: linesOf(text('postLogoutRedirectUris')),
    webOrigins: linesOf(text('webOrigins')),
    backchannelLogoutUri: backchannel === '' ? undefined : backchannel,
    connections: boxed(
      'connections',
      choices.connections.map(({ id }) => id),
    ),
    scopes: boxed('scopes', scopesFor(platform, choices)),
    introspection: server && form.has('introspection.consume') ? 'consume' : undefined,
    keys: keys ?? [],
  }
  const unread = keys === undefined ? [{ field: 'keys', message: 'this is no JWK set with public keys' }] : []
  return { party, faults: unread }
}

type Key = Readonly<Record<string, unknown>>

const isPublic = (key: unknown): key is Key =>
  typeof key === 'object' && key !== null && 'kty' in key && !('d' in key) && !('k' in key)

/** RFC 7517 5: a JWK set, or one key; undefined when it is neither, or holds what is private. */
function keysIn(text: string): readonly Key[] | undefined {
  if (text === '') return []
  try {
    const json: unknown = JSON.parse(text)
    const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : [json]
    return Array.isArray(keys) && keys.length <= 20 && keys.every(isPublic) ? keys : undefined
  } catch {
    return undefined
  }
}
