// A customer reads and changes their own limits: stricter at once, looser after a step-up and a while.
import { satisfies, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { enrolmentLoginAge } from '../domain/device.ts'
import type { CallerToken } from '../domain/gateway.ts'
import type { Institution } from '../domain/institution.ts'
import { languageOfInstitution } from '../domain/language.ts'
import type { Limit } from '../domain/limit.ts'
import { riskStop } from '../domain/login.ts'
import { noticeText } from '../domain/notice-text.ts'
import { changed, current, isAsStrict, mostOwnLimits, type OwnLimits } from '../domain/own-limits.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { CustomerOf, OwnLimitStore } from '../ports/transactions.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { Assess } from './assess.ts'
import type { Reach } from './reach.ts'

export interface OwnLimitPorts {
  readonly ownLimits: OwnLimitStore
  readonly reach: Reach
  readonly unit: Pick<UnitOfWork, 'reference'>
  readonly audit: Audit
  readonly clock: Clock
  readonly assess: Assess
}

export interface WantedLimits {
  /** The version that the customer looked at. */
  readonly version: number
  readonly limits: readonly Limit[]
}

export type OwnLimitFlows = ReturnType<typeof createOwnLimitFlows>

const coolDownHours = 24

export function createOwnLimitFlows(ports: OwnLimitPorts) {
  return {
    /** What the customer wants, and what still leaves. */
    async of(customer: CustomerOf): Promise<OwnLimits> {
      return current(await ports.ownLimits.get(customer), ports.clock.now())
    },
    /**
     * Changes them as a whole. Refuses with `acr.insufficient` without the device, or without the PIN for a loosening,
     * `login.too_old` for a loosening long after the sign-in, `limits.stale` when they were changed meanwhile,
     * `limits.too_many` when too many would still be leaving, and `risk.*` where the risk providers stop a loosening.
     */
    change: (institution: Institution, token: CallerToken, wanted: WantedLimits) =>
      change(ports, { institution, token, wanted }),
  }
}

interface Changing {
  readonly institution: Institution
  readonly token: CallerToken
  readonly wanted: WantedLimits
}

async function change(ports: OwnLimitPorts, { institution, token, wanted }: Changing): Promise<OwnLimits> {
  const now = ports.clock.now()
  if (!satisfies(token.acr, withDevice)) throw new Refusal('acr.insufficient', { needed: withDevice })
  const state = await ports.ownLimits.get(token)
  if (state.version !== wanted.version) throw new Refusal('limits.stale', { version: state.version })
  const stricter = isAsStrict(wanted.limits, state.limits)
  if (!stricter) {
    mayLoosen(token, now)
    await askedAbout(ports, institution, token)
  }
  const hours = institution.limitCoolDownHours ?? coolDownHours
  const next = changed(state, { wanted: wanted.limits, now, coolDownMs: hours * 3600_000 })
  if ((next.leaving?.limits.length ?? 0) > mostOwnLimits) throw new Refusal('limits.too_many')
  if (!(await ports.ownLimits.put(token, next))) throw new Refusal('limits.stale')
  ports.audit.record({
    type: 'limits.changed',
    outcome: 'ok',
    relyingParty: token.relyingParty,
    subject: token.subject,
    ...(token.device !== undefined && { device: token.device }),
    detail: {
      version: next.version,
      loosened: !stricter,
      limits: next.limits.length,
      ...(next.leaving && {
        leaving: next.leaving.limits.length,
        until: new Date(next.leaving.at).toISOString(),
      }),
    },
  })
  if (!stricter) await tell(ports, institution, token)
  return current(next, now)
}

/** The step-up that an engine may ask for is done by then; what it stops is stopped. */
async function askedAbout(ports: OwnLimitPorts, institution: Institution, token: CallerToken): Promise<void> {
  const { subject, relyingParty, device, amr, acr: granted, authenticatedAt } = token
  const who = { subject, relyingParty, device, amr, granted, authenticatedAt }
  const reference = ports.unit.reference() ?? ''
  const assessed = await ports.assess.ask(institution, { ...who, kind: 'limit-change', reference })
  if (assessed === undefined) return
  const stopped = riskStop(assessed.verdict.action)
  const outcome = stopped === undefined ? 'approved' : 'refused'
  await ports.assess.keep(institution, assessed, { settleBy: ports.clock.now(), outcome })
  if (stopped !== undefined) throw new Refusal(stopped, { assessment: assessed.verdict.id })
}

/** A loosening is said on all channels, so that whoever did not want it hears of it while it waits. */
async function tell(ports: OwnLimitPorts, institution: Institution, token: CallerToken): Promise<void> {
  await ports.reach(institution, {
    ...{ subject: token.subject, purpose: 'notice', expiresAt: ports.clock.now() + coolDownHours * 3600_000 },
    text: noticeText('limits-loosened', institution.name, languageOfInstitution(institution)),
    trace: { reference: ports.unit.reference() ?? '', relyingParty: token.relyingParty },
  })
}

/**
 * Whoever holds an unlocked phone must not undo what its owner set; nor does a PIN that was typed below a payment approve
 * anything but that payment.
 */
function mayLoosen(token: CallerToken, now: number): void {
  if (
    !satisfies(token.acr, withDeviceAndPin) ||
    !token.amr.includes('pin') ||
    token.transaction !== undefined
  )
    throw new Refusal('acr.insufficient', { needed: withDeviceAndPin })
  if (now - token.authenticatedAt > enrolmentLoginAge * 1000)
    throw new Refusal('login.too_old', { maxAge: enrolmentLoginAge })
}
