// The engine's side of a challenge: asked about the sign-in that it judged, by a deadline, and with nothing of ours held meanwhile.
import type { Institution } from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import { isEngineCode } from '../domain/login-challenge.ts'
import type { RiskChallengeKind } from '../domain/risk.ts'
import type { RiskEvent } from '../domain/risk-event.ts'
import type { Chance } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import {
  type RiskChallenge,
  type RiskChallenged,
  type RiskChallengeResult,
  RiskChallengeUnable,
  type RiskDeadline,
  type RiskProvider,
  type RiskProviders,
} from '../ports/risk.ts'
import type { RiskRecords } from '../ports/risk-records.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { createDeviceTokens, type DeviceTokenPorts } from './device-tokens.ts'

export interface ChallengeEnginePorts extends DeviceTokenPorts {
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly riskRecords: Pick<RiskRecords, 'get'>
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly chance: Chance
  readonly log: Log
}

/** The customer waits for it, so it may take longer than a judgement. */
export const engineMs = 5000

const deadline = (): RiskDeadline => ({ ms: engineMs, signal: new AbortController().signal })

export type ChallengeEngine = ReturnType<typeof createChallengeEngine>

/** Each commits what the unit around it has written before it asks (ruling R-1), and never rejects for what an engine does. */
export function createChallengeEngine(ports: ChallengeEnginePorts) {
  return {
    /** `unable` where it has no such challenge for this customer, or may not any more. */
    async begin(
      institution: Institution,
      login: LoginTransaction,
      kind: RiskChallengeKind,
    ): Promise<RiskChallenge | 'unable' | 'unanswered'> {
      if (!mayStill(institution, login, kind)) return 'unable'
      const said = await asking(ports, { institution, login }, async ({ challenge }, event) => {
        if (challenge === undefined) throw new RiskChallengeUnable('it runs none')
        return challenge(event, kind, deadline())
      })
      // It goes into a message that names the bank: what is no code is somebody else's words.
      return typeof said === 'object' && said.kind === 'code' && !isEngineCode(said.code)
        ? 'unanswered'
        : said
    },
    /** What it says of the answers; of none, how a challenge stands where it reaches the customer itself. */
    async result(
      institution: Institution,
      login: LoginTransaction,
      challenged: RiskChallenged,
    ): Promise<RiskChallengeResult | 'unanswered'> {
      const said = await asking(ports, { institution, login }, async ({ authenticate }, event) => {
        if (authenticate === undefined) throw new RiskChallengeUnable('it runs none')
        return authenticate(event, challenged, deadline())
      })
      return said === 'unable' ? 'unanswered' : said
    },
  }
}

/** The file may have been changed since the sign-in was judged. */
const mayStill = ({ risk }: Institution, login: LoginTransaction, kind: RiskChallengeKind): boolean =>
  risk?.providers.find(({ id }) => id === login.risk?.challenge?.provider)?.challenge?.includes(kind) === true

interface Asking {
  readonly institution: Institution
  readonly login: LoginTransaction
}

async function asking<T>(
  ports: ChallengeEnginePorts,
  { institution, login }: Asking,
  ask: (provider: RiskProvider, event: RiskEvent) => Promise<T>,
): Promise<T | 'unable' | 'unanswered'> {
  const id = login.risk?.challenge?.provider
  const provider = ports.riskProviders.of(institution).find((one) => one.id === id)?.provider
  const event = await eventOf(ports, login, id ?? '')
  await ports.unit.checkpoint()
  try {
    if (provider === undefined || event === undefined) return 'unable'
    return await ask(provider, event)
  } catch (error) {
    const said = error instanceof RiskChallengeUnable ? 'unable' : 'unanswered'
    ports.log.warn('risk.challenge', {
      institution: institution.id,
      provider: id,
      said,
      error: String(error),
    })
    return said
  }
}

/** The sign-in as it was judged, to those facts that left for this engine then; each call is an event of its own (attack 170). */
async function eventOf(
  ports: ChallengeEnginePorts,
  login: LoginTransaction,
  provider: string,
): Promise<RiskEvent | undefined> {
  const { institution, subject = '', device } = login
  const kept = await ports.riskRecords.get(institution, login.risk?.id ?? '')
  if (kept === undefined) return undefined
  const names = kept.shared[provider] ?? []
  const answer = kept.verdict.answers.find((one) => one.provider === provider)
  const deviceToken = await createDeviceTokens(ports).of({ institution, provider, subject, device })
  return {
    ...{ id: ports.chance.token(16), kind: 'sign-in', institution, at: ports.clock.now() },
    facts: Object.fromEntries(names.map((name) => [name, kept.facts[name]])),
    ...{ reference: answer?.assessment?.reference, deviceToken },
  }
}
