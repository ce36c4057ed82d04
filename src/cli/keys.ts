// `drawbridge keys …`: our own keys of connections, listed, renewed, promoted and removed by hand.
import { readFileSync } from 'node:fs'
import { ownKeyPurposes } from '../domain/own-key.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { Application } from '../ports/application.ts'
import type { Actor } from '../ports/connections.ts'
import type { OneKey, OwnKeysAt, OwnKeyView } from '../ports/own-keys.ts'
import { type Command, exit, type Invocation, type Option, UsageFault } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'

const institution: Option = { value: 'ID', meaning: 'The institution.' }
const connection: Option = { value: 'ID', meaning: 'The connection.' }
const json: Option = { meaning: 'One JSON object, for programs.' }
const purpose: Option = { value: 'NAME', meaning: `Only ${ownKeyPurposes.join(', ')}; else all.` }
const why: Option = { value: 'TEXT', meaning: 'The reason, for the audit.' }
const kid: Option = { value: 'KID', meaning: 'The key, as keys list names it.' }
const onePlace = ['institution', 'connection']
const place = { ...configOption, institution, connection, purpose }

export const keysList: Command = {
  name: 'keys list',
  summary: 'Show our own keys of connections.',
  description: [
    'For each connection what signs now (active), what takes over (next) and what is still published and decrypts',
    '(retired), with their dates. Keys that a connection lacks are made.',
  ].join('\n'),
  options: { ...place, connection: { ...connection, meaning: 'Only this one; else all.' }, json },
  run: (invocation) =>
    shown(invocation, ['institution'], async ({ ownKeys }) => {
      const only = purposeOf(invocation)
      const keys = await ownKeys.list(needed(invocation, 'institution'), invocation.text('connection'))
      return keys.filter((key) => (only ?? key.purpose) === key.purpose)
    }),
}

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Make and publish the next keys of a connection.',
  description: [
    'Makes the next key where there is none and publishes it in our metadata; nothing else changes yet. It takes over',
    'by itself after keys.renewal.prepare_days less promote_days (20 days), or by drawbridge keys promote.',
  ].join('\n'),
  options: { ...place, why, json },
  run: (invocation) =>
    shown(invocation, onePlace, ({ ownKeys }) => ownKeys.prepare(at(invocation), actor(invocation))),
}

export const keysPromote: Command = {
  name: 'keys promote',
  summary: 'Let the next keys of a connection take over now.',
  description: [
    'The next key signs from now on. The old one stays published and decrypts for keys.renewal.overlap_days. Refused',
    'while the next key is younger than keys.renewal.published_hours: IdPs that have not read our metadata since would',
    'refuse what it signs.',
  ].join('\n'),
  options: {
    ...place,
    unpublished: { meaning: 'Although IdPs may not know the next key yet: for a stolen active key.' },
    why,
    json,
  },
  run: (invocation) =>
    shown(invocation, onePlace, ({ ownKeys }) =>
      ownKeys.promote(at(invocation), actor(invocation), { unpublished: invocation.flag('unpublished') }),
    ),
}

export const keysRemove: Command = {
  name: 'keys remove',
  summary: 'Destroy a key that is not the active one.',
  description: [
    'A next key that shall not take over, or a retired one that was stolen. The active key cannot be removed: promote',
    'the next one first. A retired key is removed by itself after keys.renewal.overlap_days.',
  ].join('\n'),
  options: {
    ...configOption,
    institution,
    connection,
    kid,
    early: {
      meaning:
        'Also a retired key within its overlap, or a next one for decryption: what is encrypted to it cannot be read.',
    },
    why,
    json,
  },
  run: (invocation) =>
    shown(invocation, [...onePlace, 'kid'], ({ ownKeys }) => {
      const { purpose: _all, ...of } = at(invocation)
      const which = { ...of, kid: needed(invocation, 'kid') }
      return ownKeys.remove(which, actor(invocation), { early: invocation.flag('early') })
    }),
}

const oneKey = { ...configOption, institution, connection, kid }

export const keysRequest: Command = {
  name: 'keys request',
  summary: 'Print a certificate request for a next key.',
  description: [
    'A PKCS #10 request (CSR) in PEM, for an authority that the IdP or the bank asks for. It holds no private key. What the',
    'authority issues is taken by drawbridge keys certify.',
  ].join('\n'),
  options: oneKey,
  run: (invocation) =>
    within(invocation, [...onePlace, 'kid'], {
      work: ({ ownKeys }) => ownKeys.request(which(invocation)),
      show: (pem) => invocation.terminal.out(pem),
    }),
}

export const keysCertify: Command = {
  name: 'keys certify',
  summary: 'Publish an authority’s certificate for a next key.',
  description: [
    'In the place of the one that the key has signed itself. It must be for this very key, in date, no authority’s own, and',
    'signed over SHA-256 or better; its chain may stand beside it. IdPs get keys.renewal.published_hours to read it.',
  ].join('\n'),
  options: { ...oneKey, certificate: { value: 'FILE', meaning: 'The certificate in PEM.' }, why, json },
  run: (invocation) =>
    shown(invocation, [...onePlace, 'kid', 'certificate'], ({ ownKeys }) => {
      const text = fileText(needed(invocation, 'certificate'))
      return ownKeys.certify(which(invocation), text, actor(invocation))
    }),
}

const which = (invocation: Invocation): OneKey => ({
  institution: needed(invocation, 'institution'),
  connection: needed(invocation, 'connection'),
  kid: needed(invocation, 'kid'),
})

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageFault(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function needed(invocation: Invocation, option: string): string {
  const given = invocation.text(option)
  if (given === undefined) throw new UsageFault(`--${option} is needed`)
  return given
}

function purposeOf(invocation: Invocation): OwnKeysAt['purpose'] {
  const given = invocation.text('purpose')
  const known = ownKeyPurposes.find((one) => one === given)
  if (given !== undefined && known === undefined)
    throw new UsageFault(`--purpose is one of ${ownKeyPurposes.join(', ')}`)
  return known
}

const at = (invocation: Invocation): OwnKeysAt => ({
  institution: needed(invocation, 'institution'),
  connection: needed(invocation, 'connection'),
  purpose: purposeOf(invocation),
})

const actor = (invocation: Invocation): Actor => ({ by: 'command', why: invocation.text('why') ?? '' })

type Work = (application: Application) => Promise<readonly OwnKeyView[]>

/** Runs it and prints the keys as they are afterwards. */
const shown = (invocation: Invocation, options: readonly string[], work: Work): Promise<number> =>
  within(invocation, options, { work, show: (keys) => print(invocation, keys) })

function print(invocation: Invocation, keys: readonly OwnKeyView[]): void {
  const { terminal } = invocation
  if (invocation.flag('json')) terminal.out(`${JSON.stringify({ keys: keys.map(plain) })}\n`)
  else if (keys.length === 0) terminal.out('no keys\n')
  else for (const key of keys) terminal.out(`${line(key)}\n`)
}

interface Doing<T> {
  readonly work: (application: Application) => Promise<T>
  readonly show: (result: T) => void
}

/** Runs it and shows what came of it; ends with 1 and the reason where it is not allowed. */
async function within<T>(
  invocation: Invocation,
  options: readonly string[],
  { work, show }: Doing<T>,
): Promise<number> {
  const { terminal } = invocation
  // Wrong usage is told before a database is opened.
  for (const option of options) needed(invocation, option)
  purposeOf(invocation)
  const outcome = await withApplication(configFor(invocation), async (application) => {
    if ((await application.pendingMigrations()).length > 0)
      return { fault: 'the database is not of this version; run drawbridge migrate first' }
    try {
      return { result: await work(application) }
    } catch (error) {
      if (error instanceof Refusal) return { fault: refused(error) }
      throw error
    }
  })
  if ('fault' in outcome) {
    terminal.error(`drawbridge keys: ${outcome.fault}\n`)
    return exit.failed
  }
  show(outcome.result)
  return exit.ok
}

const reasons: Readonly<Partial<Record<RefusalCode, string>>> = {
  'key.unknown': 'there is no such connection, or it has no such key',
  'key.active': 'this is the active key; promote the next one first',
  'key.no_next': 'there is no next key; make one by drawbridge keys rotate',
  'key.unpublished': 'the next key was not published long enough; wait, or say --unpublished',
  'key.overlap': 'the retired key may still be needed; wait, or say --early',
  'key.certificate': 'this certificate cannot stand for this key',
  'connection.stale': 'somebody else has just changed these keys; look again',
}

function refused({ code, detail }: Refusal): string {
  const facts = detail.check === undefined ? undefined : `${detail.check}: ${detail.actual}`
  const when = detail.from ?? detail.until ?? facts
  return `${reasons[code] ?? 'refused'} (${code}${when === undefined ? '' : `, ${when}`})`
}

const day = (time: number): string => new Date(time).toISOString()

function plain(key: OwnKeyView) {
  const { institution: of, connection: by, purpose: use, kid, state, certificate } = key
  const times = [
    'createdAt',
    'expiresAt',
    'promoteAt',
    'promotableAt',
    'promotedAt',
    'retiredAt',
    'dropAt',
  ] as const
  const dates = times.flatMap((name) => (key[name] === undefined ? [] : [[name, day(key[name])]]))
  const named = { institution: of, connection: by, purpose: use, kid, state, certificate }
  return { ...named, ...Object.fromEntries(dates) }
}

/** `sign-in saml-signing active 4mX… until 2029-11-24` */
export function line({ connection: by, purpose: use, state, kid, ...key }: OwnKeyView): string {
  const date = (time: number) => day(time).slice(0, 10)
  const more = [
    ...(key.promoteAt !== undefined && state === 'next' ? [`takes over ${date(key.promoteAt)}`] : []),
    ...(key.dropAt !== undefined ? [`dropped ${date(key.dropAt)}`] : []),
  ]
  return [`${by} ${use} ${state} ${kid} until ${date(key.expiresAt)}`, ...more].join(', ')
}
