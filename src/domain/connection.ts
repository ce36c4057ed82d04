// The life of a connection: which event leads from state to state, what needs a new test login, and what a change is.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Connection, ConnectionContent, ConnectionState } from './institution.ts'
import { logoWords } from './logo.ts'

/** `edit` touches the exchange with the IdP and needs a new test login; `relabel` does not. */
export type ConnectionEvent = 'edit' | 'relabel' | 'test-passed' | 'activate' | 'disable'

/**
 * What is not in this table is refused. An edit of an active connection does not come here: customers go on with what was
 * tested, and the edit waits beside it as a proposal. A disabled one comes back by a test login, like any other.
 */
const transitions: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionEvent, ConnectionState>>>>
> = {
  draft: { edit: 'draft', relabel: 'draft', 'test-passed': 'tested', disable: 'disabled' },
  tested: {
    edit: 'draft',
    relabel: 'tested',
    'test-passed': 'tested',
    activate: 'active',
    disable: 'disabled',
  },
  active: { relabel: 'active', 'test-passed': 'active', disable: 'disabled' },
  disabled: { edit: 'disabled', relabel: 'disabled', 'test-passed': 'tested' },
}

/** The state after the event; undefined where the event is not allowed. */
export const stateAfter = (state: ConnectionState, event: ConnectionEvent): ConnectionState | undefined =>
  transitions[state][event]

/**
 * Has anybody ever been let in by it? Of its versions, newest first, those since it was last removed under this id: what another
 * connection of the same id was is not this one's past.
 */
export function wasLive(
  versions: readonly { readonly state: ConnectionState; readonly change: string }[],
): boolean {
  const removed = versions.findIndex(({ change }) => change === 'removed')
  return versions.slice(0, removed < 0 ? undefined : removed).some(({ state }) => state === 'active')
}

/** What one version of a connection says, without its state and number. */
export function contentOf(connection: Connection): ConnectionContent {
  const { institution: _institution, id: _id, state: _state, version: _version, ...rest } = connection
  const { learned: _learned, metadataUntil: _until, ...content } = rest
  return content
}

/** The same text for the same content, whatever the order of its members: a test login holds for exactly this. */
export function digestOf(content: ConnectionContent): string {
  const json = canonicalize(JSON.parse(JSON.stringify(content))) ?? ''
  return createHash('sha256').update(json).digest('base64url')
}

// What a test login could tell nothing about: how the connection is called, and whom it is offered to.
const labels: ReadonlySet<string> = new Set(['name', 'domains', 'audience', 'logo'])

const isLabel = (path: string): boolean => labels.has(path.split(/[.[]/)[0] ?? '')

/** One difference as people read it; `undefined` where there was, or is, nothing. */
export interface FieldChange {
  /** `settings.ssoUrl`; `settings.certificates[]` for an entry that came or went. */
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

const masked = '••••••'
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const shown = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Lists are compared as sets: an entry came or went, whatever its place. */
function listChanges(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  const [was, is] = [before.map(shown), after.map(shown)]
  const gone = was.filter((entry) => !is.includes(entry))
  const come = is.filter((entry) => !was.includes(entry))
  if (gone.length === 0 && come.length === 0 && String(was) !== String(is))
    return [{ path, before: shown(before), after: shown(after) }]
  return [
    ...gone.map((entry) => ({ path: `${path}[]`, before: entry, after: undefined })),
    ...come.map((entry) => ({ path: `${path}[]`, before: undefined, after: entry })),
  ]
}

function changesAt(before: unknown, after: unknown, path: string): FieldChange[] {
  if (Array.isArray(before ?? []) && Array.isArray(after ?? []) && (before ?? after) !== undefined)
    return listChanges((before ?? []) as unknown[], (after ?? []) as unknown[], path)
  if (isRecord(before ?? {}) && isRecord(after ?? {}) && (before ?? after) !== undefined) {
    const [was, is] = [(before ?? {}) as Record<string, unknown>, (after ?? {}) as Record<string, unknown>]
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
    return keys.flatMap((key) => changesAt(was[key], is[key], path === '' ? key : `${path}.${key}`))
  }
  const [was, is] = [shown(before), shown(after)]
  return was === is ? [] : [{ path, before: was, after: is }]
}

/** What differs, in the order of the paths; the values of `secrets` (names of settings) are masked. */
export function fieldChanges(
  before: ConnectionContent | undefined,
  after: ConnectionContent,
  secrets: readonly string[],
): FieldChange[] {
  const hidden = (path: string) => secrets.some((name) => path.split(/[.[]/)[1] === name)
  const mask = (value: string | undefined) => value && masked
  return changesAt(before, after, '').map((change) =>
    change.path === 'logo'
      ? {
          ...change,
          before: change.before && logoWords(change.before),
          after: change.after && logoWords(change.after),
        }
      : change.path.startsWith('settings.') && hidden(change.path)
        ? { ...change, before: mask(change.before), after: mask(change.after) }
        : change,
  )
}

/** The paths alone: audit events have these, and never a value. */
export const pathsOf = (changes: readonly FieldChange[]): string[] => [
  ...new Set(changes.map(({ path }) => path)),
]

/** Does this change touch what a test login proves? */
export const needsTest = (changes: readonly FieldChange[]): boolean =>
  changes.some(({ path }) => !isLabel(path))

const strength = ['either', 'response', 'assertion', 'both']
const narrowed = ({ before, after }: FieldChange): boolean => before !== undefined && after === undefined

/**
 * Only what is proven here to ask more of an answer than before; `response` and `assertion` are not comparable. A class
 * that no longer counts as a level is; one that moves to another is an entry that comes, too.
 */
const tightening: Readonly<Record<string, (change: FieldChange) => boolean>> = {
  name: () => true,
  logo: () => true,
  'settings.certificates[]': narrowed,
  'levels.delegated[]': narrowed,
  'levels.device[]': narrowed,
  'levels.device-pin[]': narrowed,
  'settings.forceAuthn': ({ after }) => after === 'true',
  'settings.encrypted': ({ after }) => after === 'required',
  'settings.forceLogin': ({ after }) => after === 'true',
  'settings.frontchannelLogout': ({ after }) => after === 'false',
  'settings.otherOrigins[]': narrowed,
  'settings.trustNewKeys': ({ after }) => after === 'false',
  'settings.expiredCertificates': ({ after }) => after === 'refuse',
  // A reminder: nothing is judged by it.
  'settings.metadataEnds': () => true,
  'settings.expiredMetadata': ({ after }) => after === 'refuse',
  'settings.skewSeconds': ({ before, after }) => Number(after) < Number(before ?? 60),
  'settings.signed': ({ before = 'either', after = 'either' }) =>
    before === 'either'
      ? strength.indexOf(after) > 0
      : after === 'both' || (after === before && strength.includes(after)),
}

/** The paths that may let somebody in who was not let in before: whatever is not proven to be a tightening. */
export const loosened = (changes: readonly FieldChange[]): string[] =>
  pathsOf(changes.filter((change) => tightening[change.path]?.(change) !== true))
