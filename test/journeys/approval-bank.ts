// The demo bank with as many customers as a test wants, whose phones approve, and with two back ends.
import { randomUUID } from 'node:crypto'
import type { DemoPlace } from '../../src/cli/demo-bridge.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { type Approver, approve, approver, type Question, waiting } from './approver.ts'
import { type Asked, asked, details } from './back-end.ts'
import { startBridge } from './bridge.ts'
import { withLevels } from './level-idps.ts'

/** Registered as the first one is, and nobody's else. */
export const otherApi = 'alder-other-api'

/** Those who need the customer's code, who must sign, and who have no screen for a number. */
export const [coded, signing, silent] = ['alder-coded', 'alder-signing', 'alder-silent']

/** Who is pinged, where a bank has such a one. */
export const pinged = 'alder-pinged'

let shared: Promise<ApprovalBank> | undefined

/** One for all files of a test process, whose tests each have customers of their own. It ends with the process. */
export const sharedApprovalBank = (): Promise<ApprovalBank> => (shared ??= startApprovalBank())

export async function startApprovalBank({
  databaseUrl,
  institution = {},
  settings,
  staff = false,
  ping,
}: {
  databaseUrl?: string
  institution?: Partial<Institution>
  settings?: DemoPlace['settings']
  staff?: boolean
  /** Where a further API is pinged. */
  ping?: string
} = {}) {
  const bridge = await startBridge(databaseUrl, undefined, settings)
  const [idp, other] = await withLevels(bridge, {
    institution,
    staff,
    api: (api) => [
      { ...api, scopes: [...api.scopes, 'subjects', 'mandates'] },
      { ...api, id: otherApi, name: 'Another API' },
      { ...api, id: coded, name: 'Till', backchannel: { userCode: true } },
      { ...api, id: signing, name: 'Signing', backchannel: { signed: true } },
      { ...api, id: silent, name: 'Voice', backchannel: { number: 'none' } },
      ...(ping === undefined ? [] : [{ ...api, id: pinged, name: 'Shop', backchannel: { ping } }]),
    ],
  })
  other.stop()
  /** A customer whom nobody has met before, with a phone that approves. */
  async function somebody(user: string = randomUUID()) {
    idp.will({ name: user })
    const who = await approver(bridge, user, idp.app)
    const sub = who.tokens.claims.sub as string
    return { who, sub, begin: (amount = '2500.00') => begin(who, sub, amount) }
  }
  /** A payment that waits for this customer; `yes` answers it as they would. */
  async function begin(who: Approver, sub: string, amount: string) {
    const request: Asked = await asked(bridge, { login_hint: sub, authorization_details: details(amount) })
    const question = (await waiting(who)).at(-1) as Question
    return { ...request, question, yes: (at?: string) => approve(who, question, request.number, at) }
  }
  return {
    bridge,
    idp,
    somebody,
    stop: async () => {
      idp.stop()
      await bridge.stop()
    },
  }
}

export type ApprovalBank = Awaited<ReturnType<typeof startApprovalBank>>
export type Somebody = Awaited<ReturnType<ApprovalBank['somebody']>>
