// PINs: which are too weak to be set, and when the next try may come.
import type { PinPolicy } from './institution.ts'
import { Refusal } from './refusal.ts'

/** Attempts are counted per (subject, device), so that a stranger cannot lock a customer out elsewhere (attack 155). */
export interface PinAttempts {
  readonly used: number
  readonly lockedUntil: number | undefined
}

function isRun(pin: string, step: number): boolean {
  return [...pin].every((digit, i) => i === 0 || (Number(pin[i - 1]) + step + 10) % 10 === Number(digit))
}

function isRepeated(pin: string): boolean {
  return [1, 2, 3].some(
    (size) => pin.length % size === 0 && pin === pin.slice(0, size).repeat(pin.length / size),
  )
}

/** Refuses a PIN of the wrong form (`pin.format`) or one of those that thieves try first (`pin.weak`, attack 164). */
export function checkNewPin(pin: string, policy: PinPolicy): void {
  if (!/^\d+$/.test(pin) || pin.length !== policy.length)
    throw new Refusal('pin.format', { length: policy.length })
  if (isRun(pin, 0) || isRun(pin, 1) || isRun(pin, -1) || isRepeated(pin)) throw new Refusal('pin.weak')
}

/** Is this the form of a PIN at all? Checked before any hashing (attack 162). */
export const isPinForm = (pin: string, policy: PinPolicy): boolean =>
  /^\d+$/.test(pin) && pin.length === policy.length
