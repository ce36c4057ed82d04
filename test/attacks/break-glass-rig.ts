// A bridge, people in its console, and browsers that ask for keys: what the attacks on break-glass are made with.
import type { Role } from '../../src/domain/administrator.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { type Lie, type SoftwareKey, softwareKey } from './software-key.ts'

export let parts: Parts
let issuers: Readonly<Record<string, string>>
const rpId = '127.0.0.1'
/** Where keys are good: the RP id and origin of this bridge. */
export let here: { readonly rpId: string; readonly origin: string }

/** How often one address may try the door. */
export const tries = 150

/** A bridge with two institutions on one host. */
export async function start(): Promise<void> {
  parts = await startParts({ limits: { rates: { pin: { points: tries, seconds: 3600 } } } })
  const rows = { relyingParties: [], connections: [], cores: [] }
  await parts.stores.directory.put(
    { ...rows, institution: { ...alder, id: 'birch', name: 'Birch Bank' } },
    'file',
  )
  issuers = { alder: parts.issuer, birch: parts.issuer.replace(/alder$/, 'birch') }
  here = { rpId, origin: new URL(parts.issuer).origin }
}
export const stop = () => parts.stop()

export const inUnit = <T>(work: () => Promise<T>, institution = 'alder') =>
  parts.base.unit.run({ institution, reference: 'DB-TEST-0001' }, work)

export interface Answer {
  readonly status: number
  readonly location: string | null
  readonly text: string
  readonly code: string | undefined
  /** Cookies by name, as this answer sets them. */
  readonly cookies: Readonly<Record<string, string>>
}

export interface Going {
  readonly cookies?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly institution?: string
}

export async function go(
  path: string,
  { cookies = {}, form, institution = 'alder' }: Going = {},
): Promise<Answer> {
  const cookie = Object.entries(cookies)
    .map((pair) => pair.join('='))
    .join('; ')
  const response = await fetch(`${issuers[institution]}/console${path}`, {
    method: form === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', ...(cookie && { cookie }) },
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  })
  const text = await response.text()
  const set = response.headers.getSetCookie().map((line) => line.split(';')[0]?.split('=') as string[])
  return {
    status: response.status,
    location: response.headers.get('location'),
    text,
    code: /(?:break_glass|console|form|request|rate)\.\w+/.exec(
      text.replace(/<head>[\s\S]*<\/head>/, ''),
    )?.[0],
    cookies: Object.fromEntries(set.map(([name = '', ...rest]) => [name, rest.join('=')])),
  }
}

export const fieldOf = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? ''
export const optionsOf = (text: string) =>
  JSON.parse((/data-options="([^"]*)"/.exec(text)?.[1] ?? '{}').replaceAll('&quot;', '"'))

export const events = async (type: string) => {
  const rows = await parts.base.database.knex('audit_event').where({ type }).orderBy('at')
  return rows.map(({ body }) => JSON.parse(body))
}

export const alerts = async (code: string): Promise<number> => {
  const text = await parts.base.metrics.render()
  return Number(new RegExp(`drawbridge_alerts_total\\{code="${code}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
}

let next = 0
export async function somebody(roles: readonly Role[], { age = 0, institution = 'alder' } = {}) {
  next += 1
  const subject = `staff-${next}`
  const cookie = await inUnit(async () => {
    const now = Date.now()
    await parts.stores.administrators.put({ institution, subject, roles, addedBy: 'test', addedAt: now })
    const authenticatedAt = now - age * 1000
    const signedIn = { subject, authenticatedAt, invitation: undefined, before: undefined }
    return parts.flows.consoleAccess.signIn(institution, signedIn)
  }, institution)
  return { subject, cookies: { db_console: cookie } }
}

/** Registers a key as the page does. */
export async function register(
  key: SoftwareKey,
  { label = 'Safe', lie = {}, replaces = '', by = undefined as Going['cookies'], institution = 'alder' } = {},
): Promise<Answer> {
  const cookies = by ?? (await somebody(['owner'], { institution })).cookies
  const path = `/break-glass/keys/new${replaces && `?replaces=${replaces}`}`
  const page = await go(path, { cookies, institution })
  if (page.status !== 200) return page
  const credential = key.create(optionsOf(page.text).challenge, lie)
  const form = { form_token: fieldOf(page.text, 'form_token'), label, credential }
  return go('/break-glass/keys/new', {
    cookies: { ...cookies, ...page.cookies },
    form: { ...form, ...(replaces && { replaces }) },
    institution,
  })
}

/** The page that asks for a key, in a browser of its own. */
export async function asked(institution = 'alder') {
  const page = await go('/break-glass', { institution })
  return { page, challenge: optionsOf(page.text).challenge as string, cookies: page.cookies }
}

type Asked = Awaited<ReturnType<typeof asked>>

export const answer = ({ page, cookies }: Asked, credential: string, institution = 'alder') =>
  go('/break-glass', {
    cookies,
    form: {
      form_token: fieldOf(page.text, 'form_token'),
      onward: fieldOf(page.text, 'onward'),
      credential,
    },
    institution,
  })

export async function open(key: SoftwareKey, lie: Lie = {}): Promise<Answer> {
  const question = await asked()
  return answer(question, key.get(question.challenge, lie))
}

export const entered = ({ status, location, cookies }: Answer): boolean =>
  status === 303 && location === '/alder/console' && (cookies.db_console ?? '').length > 20

/** No key, and no use of one. */
export async function emptySafes(): Promise<void> {
  for (const table of ['break_glass_key', 'break_glass_use']) await parts.base.database.knex(table).del()
}

/** Two keys of this test: the first is registered, as "Safe one". */
export let key: SoftwareKey
export let other: SoftwareKey

/** For each test its own keys, the first of them in its safe. */
export async function freshKeys(): Promise<void> {
  await emptySafes()
  key = softwareKey(here)
  other = softwareKey(here)
  const { location } = await register(key, { label: 'Safe one' })
  if (location !== '/alder/console/administrators') throw new Error('the first key was not registered')
}
