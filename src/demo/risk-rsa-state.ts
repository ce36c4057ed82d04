// What the demo's AA-compatible engine remembers: customers, their devices, and the sessions and transactions of its clients.
import { randomBytes, randomInt } from 'node:crypto'
import type { RsaCallPlan } from './risk-rsa-script.ts'

export interface RsaQuestion {
  readonly id: string
  readonly text: string
  readonly answer: string
}

/** What a customer is made from; all but the name may be left out. */
export interface RsaUserSeed {
  readonly name: string
  readonly status?: string
  readonly group?: string
  readonly phrase?: string
  readonly imageId?: string
  readonly questions?: readonly RsaQuestion[]
}

export interface RsaUser {
  name: string
  status: string
  group: string
  phrase: string | undefined
  imageId: string | undefined
  readonly favorites: Set<string>
  milterOption: string
  readonly questions: readonly RsaQuestion[]
  /** Wrong answers one after another. */
  failures: number
}

export interface RsaPhoneCall {
  readonly plan: RsaCallPlan
  polls: number
  status: string
}

export interface RsaTransaction {
  readonly id: string
  readonly session: string
  readonly user: string
  /** The code that is good once. */
  otp: string | undefined
  readonly calls: Map<string, RsaPhoneCall>
  asked: readonly string[]
}

/**
 * How a token that came with a request stands: the last one given out for its device, the one before (calls at the same time
 * bring it), or one that nobody knows (any more).
 */
export type RsaTokenStanding = 'none' | 'current' | 'previous' | 'unknown'

interface Device {
  readonly users: Set<string>
  current: string
  previous: string | undefined
}

export interface RsaState {
  find(name: string): RsaUser | undefined
  add(seed: RsaUserSeed): RsaUser
  rename(user: RsaUser, name: string): void
  /** Takes a token and gives the one that holds from now on. */
  rotate(
    token: string | undefined,
    user: string,
  ): { standing: RsaTokenStanding; next: string; bound: boolean }
  /** The customer has shown on this device that it is they. */
  bind(token: string, user: string): void
  /** A new transaction, in the session if it is one of this customer. */
  begin(user: string, session: string | undefined): RsaTransaction
  /** The one of these names, if it is of this customer. */
  transaction(user: string, session: string | undefined, id: string | undefined): RsaTransaction | undefined
  /** The edits that wait in a session for COMMIT; undefined where none is open. */
  readonly edits: Map<string, (() => void)[]>
}

const madeUp = (kind: string): string => `${kind}-${randomBytes(12).toString('base64url')}`

export const newOtp = (): string => String(randomInt(1_000_000)).padStart(6, '0')
export const newPhoneToken = (): string => String(randomInt(10_000)).padStart(4, '0')

const userOf = (seed: RsaUserSeed): RsaUser => ({
  name: seed.name,
  status: seed.status ?? 'VERIFIED',
  group: seed.group ?? 'default',
  phrase: seed.phrase,
  imageId: seed.imageId,
  favorites: new Set(),
  milterOption: 'DISABLED',
  questions: seed.questions ?? [],
  failures: 0,
})

/** More than a demo has at once, and no more than a long one can hold. */
const remembered = 10_000

/** The oldest is forgotten for a new one. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > remembered && oldest !== undefined) map.delete(oldest)
}

export function createRsaState(seeds: readonly RsaUserSeed[]): RsaState {
  const users = new Map(seeds.map((seed) => [seed.name, userOf(seed)]))
  const transactions = new Map<string, RsaTransaction>()
  /** The customer of each session. */
  const sessions = new Map<string, string>()
  return {
    find: (name) => users.get(name),
    add(seed) {
      const user = userOf(seed)
      users.set(seed.name, user)
      return user
    },
    rename(user, name) {
      users.delete(user.name)
      user.name = name
      users.set(name, user)
    },
    ...createDevices(),
    begin(user, session) {
      const going = session !== undefined && sessions.get(session) === user ? session : madeUp('aa-session')
      const made: RsaTransaction = {
        id: madeUp('aa-tx'),
        session: going,
        user,
        otp: undefined,
        calls: new Map(),
        asked: [],
      }
      remember(sessions, going, user)
      remember(transactions, made.id, made)
      return made
    },
    transaction(user, session, id) {
      const found = transactions.get(id ?? '')
      return found?.session === session && found?.user === user ? found : undefined
    },
    edits: new Map(),
  }
}

function createDevices(): Pick<RsaState, 'rotate' | 'bind'> {
  const devices = new Map<string, Device>()

  function turned(device: Device): void {
    if (device.previous !== undefined) devices.delete(device.previous)
    device.previous = device.current
    device.current = madeUp('device')
    remember(devices, device.current, device)
  }

  return {
    rotate(token, user) {
      const known = devices.get(token ?? '')
      if (known === undefined) {
        const made: Device = { users: new Set(), current: madeUp('device'), previous: undefined }
        remember(devices, made.current, made)
        return { standing: token === undefined ? 'none' : 'unknown', next: made.current, bound: false }
      }
      const standing = known.current === token ? 'current' : 'previous'
      // Whoever comes with the one before gets the same as the call that overtook it.
      if (standing === 'current') turned(known)
      return { standing, next: known.current, bound: known.users.has(user) }
    },
    bind: (token, user) => void devices.get(token)?.users.add(user),
  }
}
