// Raising a sign-in's level by PIN: count and commit, then hash, then the result (ruling R-3).
import type { Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { isPinForm, type PinAttempts } from '../domain/pin.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { PinHash } from '../ports/pin-hash.ts'
import type { Logins, PinPlace, Pins } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { change, traceOf } from './login.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'

export interface StepUpPorts {
  readonly logins: Logins
  readonly pins: Pins
  readonly pinHash: PinHash
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly riskOutcomes: Pick<RiskOutcomes, 'steppedUp'>
}

/** As the customer typed it, on a page in this language. */
export interface TypedPin {
  readonly pin: string
  readonly language: Language
}

export type StepUp = ReturnType<typeof createStepUp>

/** What stands between a caller and a comparison of PINs. */
export function createPinCheck({
  pins,
  pinHash,
  unit,
  clock,
}: Omit<StepUpPorts, 'logins' | 'audit' | 'riskOutcomes'>) {
  /**
   * Compares a PIN within its budget. The try is counted and committed before anything is compared, so that parallel
   * tries cannot share one (attack 153). Refuses with `pin.format`, `pin.locked {until}`, `pin.unset` or
   * `pin.wrong {left}`.
   */
  return async function checkPin(institution: Institution, place: PinPlace, pin: string): Promise<void> {
    if (!isPinForm(pin, institution.pin)) throw new Refusal('pin.format', { length: institution.pin.length })
    const verifier = await pins.verifier(place.institution, place.subject)
    if (verifier === undefined) throw new Refusal('pin.unset')
    const attempts = await pins.countTry(place, institution.pin, clock.now())
    if (!attempts.allowed) throw new Refusal('pin.locked', { until: attempts.lockedUntil ?? 0 })
    await unit.checkpoint()
    if (await pinHash.matches(place.institution, pin, verifier)) return pins.clear(place)
    throw wrong(attempts, institution.pin.attempts)
  }
}

function wrong({ used, lockedUntil }: PinAttempts, budget: number): Refusal {
  const left = Math.max(0, budget - used)
  return left === 0
    ? new Refusal('pin.locked', { until: lockedUntil ?? 0 })
    : new Refusal('pin.wrong', { left })
}

export function createStepUp(ports: StepUpPorts) {
  const { logins, audit } = ports
  const checkPin = createPinCheck(ports)
  return {
    /** One try. On success the record, which is returned, holds `pin` among its methods; a lock or a wrong PIN is a Refusal. */
    async tryPin(
      institution: Institution,
      login: LoginTransaction,
      { pin, language }: TypedPin,
    ): Promise<LoginTransaction> {
      const { subject, device } = login
      if (nextStep(login).step !== 'step-up' || subject === undefined || device === undefined) {
        throw new Refusal('interaction.step', { uid: login.uid })
      }
      try {
        await checkPin(institution, { institution: institution.id, subject, device }, pin)
      } catch (error) {
        if (error instanceof Refusal) {
          const type = error.code === 'pin.locked' ? 'step_up.locked' : 'step_up.tried'
          audit.record({ type, outcome: 'refused', code: error.code, ...traceOf(login) })
          await ports.riskOutcomes.steppedUp(login, { method: 'pin', passed: false })
        }
        throw error
      }
      const consent = login.consent === 'confirm' && login.transaction !== undefined ? 'given' : login.consent
      const next: LoginTransaction = { ...login, amr: [...login.amr, 'pin'], approvedIn: language, consent }
      await change(logins, next)
      await ports.riskOutcomes.steppedUp(next, { method: 'pin', passed: true })
      audit.record({ type: 'step_up.passed', outcome: 'ok', ...traceOf(login), detail: { method: 'pin' } })
      return next
    },
  }
}
