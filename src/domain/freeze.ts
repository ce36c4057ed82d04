// A freeze: the bank stops a customer, a device, a payee or a core at once, for a while or until somebody lifts it.
import { formats } from './transaction-formats.ts'

export const freezeKinds = ['customer', 'device', 'payee', 'core'] as const
export type FreezeKind = (typeof freezeKinds)[number]

export const isFreezeKind = (value: unknown): value is FreezeKind =>
  (freezeKinds as readonly unknown[]).includes(value)

/**
 * What is frozen, by what it is compared with: of a customer our own `sub`, of a device the thumbprint of its key, of a payee
 * the token of the account, of a core its id.
 */
export interface FreezeTarget {
  readonly kind: FreezeKind
  readonly key: string
}

export interface Freeze extends FreezeTarget {
  readonly institution: string
  readonly id: string
  /** As people call it: the `sub`, the device's id, the account, the core's id. */
  readonly name: string
  readonly why: string
  /** As the audit log names who did it (domain/administrator `actorOf`). */
  readonly by: string
  /** Epoch milliseconds. */
  readonly at: number
  /** It ends by itself then; undefined: not before somebody lifts it. */
  readonly endsAt: number | undefined
  readonly lifted: Lifting | undefined
}

export interface Lifting {
  readonly by: string
  readonly at: number
  readonly why: string
}

/** The longest time that a freeze may be given; one without an end has none. */
export const mostFreezeHours = 720

/**
 * An account as people write it, in the one spelling that transactions have: capitals, without spaces, dots or hyphens.
 * Undefined for what can be no account: what begins as an IBAN must be one, since a mistyped one would freeze nothing.
 */
export function accountTyped(text: string): string | undefined {
  const account = text.replace(/[\s.\-/]/g, '').toUpperCase()
  const forms = [formats.account, formats.digits, formats.phone]
  if (account.length < 4 || !forms.some((fits) => fits(account))) return undefined
  return ibanBegins.test(account) && !isIban(account) ? undefined : account
}

// ISO 13616: country, check digits.
const ibanBegins = /^[A-Z]{2}\d{2}/

/** ISO 7064, MOD 97-10: with the first four behind the rest, and letters as 10 to 35, it leaves 1. */
const isIban = (account: string): boolean =>
  formats.iban(account) &&
  BigInt(
    `${account.slice(4)}${account.slice(0, 4)}`.replace(/[A-Z]/g, (letter) =>
      String(Number.parseInt(letter, 36)),
    ),
  ) %
    97n ===
    1n

/** An event says what was frozen in the member of its kind; a payee has none, and is told by its token. */
export const traceOfTarget = ({ kind, key, name }: Pick<Freeze, 'kind' | 'key' | 'name'>) =>
  ({
    customer: { subject: key },
    device: { device: name },
    core: { core: key },
    payee: {},
  })[kind]
