// A bank whose risk engine makes sure of customers by itself: the demo's AA-compatible one, behind real HTTP; and its customers.
import { randomUUID } from 'node:crypto'
import type { Foundation, Services, Stores } from '../../src/compose/foundation.ts'
import { formIn } from '../../src/demo/app-client.ts'
import type { RsaScript } from '../../src/demo/risk-rsa-script.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { RiskProviderSetting, RiskSettings } from '../../src/domain/risk.ts'
import { type RsaRig, rsaCaller, startRsa } from '../demo/risk-rsa-rig.ts'
import { movingClock, startBridge, type TestBridge } from './bridge.ts'
import { arrived, type Customer, customer } from './customer.ts'
import { type LevelIdp, withLevels } from './level-idps.ts'

export const clock = movingClock()
let rsa: RsaRig
let bridge: TestBridge
let idps: readonly [LevelIdp, LevelIdp]
interface Told {
  readonly type: string
  readonly outcome: string
  readonly code?: string
  readonly subject?: string
  readonly detail?: Record<string, unknown>
}
export const events: Told[] = []

/** Opens the one bank of this process: it lets the engine of the demo send codes. */
export async function openChallengeBank() {
  rsa = await startRsa({ tries: 100 })
  bridge = await startBridge(undefined, clock)
  idps = await withLevels(bridge, { institution: { risk: settings(engine('code')) } })
  bridge.application.observe((_institution, event) => void events.push(JSON.parse(event)))
  return { rsa, bridge, idps }
}

export async function closeChallengeBank(): Promise<void> {
  for (const idp of idps) idp.stop()
  await bridge.stop()
  await rsa.stop()
}

export const engine = (...challenge: NonNullable<RiskProviderSetting['challenge']>): RiskProviderSetting => ({
  ...{ id: 'engine', type: 'rsa-aa', challenge },
  settings: {
    ...{ url: rsa.url, callerId: rsaCaller.id, callerCredential: rsaCaller.credential },
    ...{ orgName: 'alder', autoCreateUserFlag: true },
  },
})

/** Asked about sign-ins alone. */
export const settings = (...providers: RiskProviderSetting[]): RiskSettings => ({
  ...{ budgetMs: 5000, stepUp: withDeviceAndPin, providers },
  events: {
    'sign-in': {
      ask: providers.map(({ id }) => ({ provider: id, weight: 1, optional: false })),
      ...{ combine: 'strictest', onFailure: 'step-up', bands: {} },
    },
  },
})

/** From now on the institution's file says this of its engines. */
export async function applied(risk: RiskSettings): Promise<void> {
  const { stores } = parts()
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const institution = { ...set.institution, risk }
  await bridge.application.apply([{ ...set, institution }], { dryRun: false })
}

export const parts = () => bridge.parts as unknown as { base: Foundation; stores: Stores; services: Services }

/** The engine wants to be sure of each sign-in; `more` wins. */
export function challenges(...more: RsaScript[]): void {
  rsa.simulator.unscript()
  rsa.simulator.script({ verdict: { action: 'CHALLENGE', score: 700 } })
  for (const script of more) rsa.simulator.script(script)
}

export const calls = (operation: string) => rsa.simulator.calls.filter((call) => call.operation === operation)
export const asked = (operation: string, before = 0) => calls(operation).length - before

export interface Person extends Customer {
  readonly mobile: string
}

let numbers = 100

/** A customer whom nobody has met before; the bank has their number. */
export async function person(): Promise<Person> {
  const user = randomUUID()
  const mobile = `+1202555${String(numbers++).padStart(4, '0')}`
  return { ...(await customer(bridge, user, idps[0].app)), mobile }
}

export type Page = Awaited<ReturnType<typeof arrived>>['page']

export const idpSays = ({ user, mobile }: Person) => idps[0].will({ name: user, mobile })

export async function begun(who: Person, extra: Readonly<Record<string, string>> = {}) {
  idpSays(who)
  return asFarAsUs(who, await arrived(who, extra))
}

/** The IdP is asked for the level first, and gives no more than a password. */
export async function asFarAsUs(who: Customer, { started, page }: Awaited<ReturnType<typeof arrived>>) {
  if (!page.body.includes('name="SAMLResponse"')) return { started, page }
  const { action, fields } = formIn(page)
  return { started, page: await who.browser.follow(action, { until: who.app.redirectUri, form: fields }) }
}

export const textsTo = ({ mobile }: Person) => bridge.world.sms.messages.filter(({ to }) => to === mobile)

/** The text that came after so many. */
export async function text(who: Person, after = 0): Promise<string> {
  for (let i = 0; i < 400; i++) {
    const found = textsTo(who).at(after)
    if (found !== undefined) return found.text
    await pause(50)
  }
  throw new Error('no message came')
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
export const codeIn = (message: string): string => /\b(\d{6})\b/.exec(message)?.[1] ?? ''
export const wrongFor = (code: string): string => (code === '000000' ? '000001' : '000000')

export function press(who: Customer, page: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
  const form = formIn(page)
  return who.browser.follow(form.action, {
    until: who.app.redirectUri,
    form: { ...form.fields, ...fields },
  })
}

export const type = (who: Customer, page: Page, code: string) => press(who, page, { do: 'answer', code })
export const errorOf = (page: Page) => {
  const query = new URL(page.returned ?? 'about:blank').searchParams
  return [query.get('error'), query.get('error_description')]
}
export const told = (name: string) => events.filter((event) => event.type === name)
