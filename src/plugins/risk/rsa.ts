// RSA Adaptive Authentication and what speaks like it: asked over SOAP, taught by notify, obeyed by its action codes.
import { type Assessment, challengeKinds } from '../../domain/risk.ts'
import type { AskedKind, RiskEvent, RiskFact } from '../../domain/risk-event.ts'
import type { RiskDeadline, RiskPlace, RiskPlugin, RiskPluginPorts, RiskProvider } from '../../ports/risk.ts'
import type { RsaRead } from '../../xml/rsa/read.ts'
import type { RsaFields } from '../../xml/rsa/write.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { assessmentOf, keptOf, userStatusOf } from './rsa-assessment.ts'
import { createRsaCall, type RsaCall } from './rsa-call.ts'
import { authenticate, challenge } from './rsa-challenge.ts'
import { eventDataList } from './rsa-event.ts'
import { createRsaPictures } from './rsa-pictures.ts'
import { type RsaSettings, rsaLabels, rsaSecrets, rsaSettings } from './rsa-settings.ts'

/** What the engine judges by. Names of payees and of customers at their IdP leave only where the institution lists them. */
const facts: readonly RiskFact[] = [
  ...(['subject.id', 'device.id', 'network.address'] as const),
  ...(['client.userAgent', 'client.language', 'client.accept'] as const),
  ...(['transaction.type', 'transaction.minor', 'transaction.currency'] as const),
  ...(['transaction.debtorAccount', 'transaction.creditorAccount'] as const),
  ...(['result.of', 'result.outcome', 'result.method', 'result.attempts'] as const),
]

export const rsaAdaptiveAuthentication = ({ fetch }: RiskPluginPorts): RiskPlugin => ({
  type: 'rsa-aa',
  meaning: 'RSA Adaptive Authentication, or an engine that speaks like it, over SOAP.',
  facts,
  fields: settingFields(rsaSettings, {
    labels: rsaLabels,
    secrets: rsaSecrets,
    asked: ['callerId', 'orgName'],
  }),
  check: (settings) => checkSettings(rsaSettings, settings),
  challenges: () => challengeKinds,
  needs(given) {
    const { userName, customFacts } = rsaSettings.parse(given)
    return [...new Set([userName, ...Object.values(customFacts)])]
  },
  open: (place) => opened(place, fetch),
})

function opened({ settings: given, now }: RiskPlace, fetch: RiskPluginPorts['fetch']): RiskProvider {
  const settings = rsaSettings.parse(given)
  const call = createRsaCall({ fetch, settings, now })
  const ports = { call, settings }
  return {
    assess: (event, deadline) => assess(ports, event, deadline),
    async report(event, deadline) {
      // A sign-in that failed before anybody knew whose it was: there is nobody to learn it of.
      if (event.facts[settings.userName] === undefined) return
      const { autoCreateUserFlag } = settings
      const fields: RsaFields = { autoCreateUserFlag, eventDataList: eventDataList(event, settings) }
      await call({ operation: 'notify', event, deadline, fields })
    },
    challenge: (event, kind, deadline) => challenge(ports, { event, kind, deadline }),
    authenticate: async (event, challenged, deadline) => authenticate(ports, { event, challenged, deadline }),
    ...(settings.dialect === 'site-to-user' && { siteToUser: createRsaPictures(call) }),
  }
}

interface RsaPorts {
  readonly call: RsaCall
  readonly settings: RsaSettings
}

/** Asks, and does first what the engine needs done for a customer that it does not know or has not verified. */
async function assess(
  ports: RsaPorts,
  given: RiskEvent<AskedKind>,
  deadline: RiskDeadline,
): Promise<Assessment> {
  let event = inSession(given)
  let returned = await analysed(ports, event, deadline)
  if (userStatusOf(returned) === 'NOTENROLLED' && ports.settings.createUsers) {
    await created(ports, event, deadline)
    returned = await analysed(ports, event, deadline)
  }
  if (userStatusOf(returned) === 'UNVERIFIED') {
    event = { ...event, ...keptOf(event, returned) }
    returned = await verified(ports, event, deadline)
  }
  return assessmentOf(event, returned)
}

/** The session goes on; a transaction of its own begins, which the engine names. */
function inSession<E extends RiskEvent>(event: E): E {
  const sessionId = event.reference?.sessionId
  return { ...event, reference: sessionId === undefined ? undefined : { sessionId } }
}

function analysed({ call, settings }: RsaPorts, event: RiskEvent, deadline: RiskDeadline): Promise<RsaRead> {
  const { autoCreateUserFlag, runRiskType } = settings
  const fields = { autoCreateUserFlag, eventDataList: eventDataList(event, settings), runRiskType }
  const actions = ['GET_USER_STATUS']
  return call({ operation: 'analyze', event, deadline, actions, fields })
}

/** The bank knows whom its IdP signed in: to the engine they are new, and verified. */
async function created({ call }: RsaPorts, event: RiskEvent, deadline: RiskDeadline): Promise<void> {
  const fields = { runRiskType: 'NONE' }
  await call({ operation: 'createUser', event, deadline, fields, userStatus: 'VERIFIED' })
}

/** Whose answer has the judgement then (section 1.6, step 2 of the tables). */
function verified({ call, settings }: RsaPorts, event: RiskEvent, deadline: RiskDeadline): Promise<RsaRead> {
  const fields = { eventDataList: eventDataList(event, settings), runRiskType: settings.runRiskType }
  const actions = ['SET_USER_STATUS']
  return call({ operation: 'updateUser', event, deadline, actions, fields, userStatus: 'VERIFIED' })
}
