// The code by which a customer lets a back end begin (CIBA 7.1 `user_code`): their own secret, apart from the PIN (ruling R-32).
import { satisfies, withDeviceAndPin } from '../domain/acr.ts'
import type { CallerToken } from '../domain/gateway.ts'
import type { Institution } from '../domain/institution.ts'
import { checkNewPin, isPinForm } from '../domain/pin.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UserCodes } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { PinHash } from '../ports/pin-hash.ts'
import type { Pins } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface UserCodePorts {
  readonly userCodes: UserCodes
  readonly pins: Pick<Pins, 'countTry' | 'clear'>
  readonly pinHash: PinHash
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
}

export type CheckUserCode = ReturnType<typeof createCheckUserCode>

/**
 * Is it the customer's code? Counted before it is compared, within a budget of its own; a customer without one, a code of
 * another form and a spent budget are all a plain no.
 */
export function createCheckUserCode({ userCodes, pins, pinHash, unit, clock }: Omit<UserCodePorts, 'audit'>) {
  return async function check(institution: Institution, subject: string, code: string): Promise<boolean> {
    const place = { institution: institution.id, subject, device: 'user-code' }
    if (!isPinForm(code, institution.pin)) return false
    const verifier = await userCodes.verifier(institution.id, subject)
    if (verifier === undefined) return false
    if (!(await pins.countTry(place, institution.pin, clock.now())).allowed) return false
    await unit.checkpoint()
    const right = await pinHash.matches(institution.id, code, verifier)
    if (right) await pins.clear(place)
    return right
  }
}

export type UserCodeFlows = ReturnType<typeof createUserCodeFlows>

export function createUserCodeFlows({ userCodes, pinHash, unit, audit }: UserCodePorts) {
  return {
    /** Sets or removes it. Refuses with `acr.insufficient` without the PIN, `pin.format` and `pin.weak`. */
    async set(institution: Institution, token: CallerToken, code: string | undefined): Promise<void> {
      if (
        !satisfies(token.acr, withDeviceAndPin) ||
        !token.amr.includes('pin') ||
        token.transaction !== undefined
      )
        throw new Refusal('acr.insufficient', { needed: withDeviceAndPin })
      if (code !== undefined) checkNewPin(code, institution.pin)
      await unit.checkpoint()
      const verifier = code === undefined ? undefined : await pinHash.make(institution.id, code)
      await userCodes.set(institution.id, token.subject, verifier)
      const trace = { relyingParty: token.relyingParty, subject: token.subject }
      const detail = { set: code !== undefined }
      audit.record({ type: 'user_code.set', outcome: 'ok', ...trace, detail })
    },
  }
}
