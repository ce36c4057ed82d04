// Two who act at once on one question: what each had read before is not what either may act on.
import { expect, test } from 'vitest'
import { withDevice, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { CustomerTransaction } from '../../src/domain/customer-transaction.ts'
import { noOwnLimits } from '../../src/domain/own-limits.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { createAnswers, type ShownApproval } from '../../src/flows/answer-approval.ts'
import { createAsk } from '../../src/flows/approvals.ts'
import { createKeepEvidence } from '../../src/flows/evidence.ts'
import { createLoginApproval } from '../../src/flows/login-approval.ts'
import { settleTransaction } from '../../src/flows/login-decision.ts'
import { createSmsCodes } from '../../src/flows/sms-code.ts'
import { createSubjectFlows } from '../../src/flows/subjects.ts'
import { createSubjectNames, createSubjectStates } from '../../src/storage/subject-states.ts'
import { alder } from '../journeys/parts.ts'
import { onDatabase } from '../storage/on-database.ts'
import { device, type everything, id, login, now, scope } from '../storage/rig.ts'
import { nobodyTold } from './no-risk.ts'

let all: ReturnType<typeof everything>
onDatabase('embedded', (opened) => {
  all = opened.all
})

let later = 0
const clock = { now: () => now + later }
const chance = { token: () => id(), number: () => '42', reference: () => 'DB-TEST' } as never
const states = () => createSubjectStates(all.connections)
const inUnit = <T>(work: () => Promise<T>) => all.unit.run(scope(), work)
const code = (error: Refusal) => error.code

const transaction = transactionOf(
  {
    type: 'payment_initiation',
    instructedAmount: { amount: '250.00', currency: 'EUR' },
    debtorAccount: { iban: 'ES9121000418450200051332' },
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
  },
  builtInTypes,
)

const key = () => ({ jkt: id(), publicJwk: { kty: 'EC' }, registeredAt: now, usableFrom: now })

async function phoneOf(subject: string) {
  const phone = device(id(), { subject, state: 'active', approvalKey: key() })
  await all.devices.create(phone)
  await all.devices.setApprovalKey(phone, phone.approvalKey as never)
  return phone
}

const question = (subject: string, change: Partial<Approval> = {}): Approval => ({
  ...{ institution: 'alder', id: id(), subject, relyingParty: 'till', origin: 'api' },
  ...{ reference: 'DB-TEST', transaction: undefined, transactionId: undefined, hash: 'hash' },
  ...{ acr: withDeviceAndPin, number: undefined, nonce: id(), bindingMessage: undefined, place: {} },
  ...{ request: undefined, uid: undefined, state: 'pending', createdAt: now, expiresAt: now + 60_000 },
  ...{ endedAt: undefined, device: undefined },
  ...change,
})

type Phone = Awaited<ReturnType<typeof phoneOf>>

/** A yes while whose PIN is compared something else happens. */
async function approvedWhile(happens: (phone: Phone) => Promise<unknown>) {
  const phone = await phoneOf(id())
  const approval = question(phone.subject)
  await all.approvals.create(approval)
  const checkPin = async () => {
    await all.unit.checkpoint()
    await happens(phone)
  }
  const unneeded = {
    coSigning: undefined,
    backchannel: undefined,
    endSession: undefined,
    metrics: undefined,
    log: undefined,
  }
  const answers = createAnswers({
    tokenOfAccount: (_, account) => account,
    ...all,
    riskOutcomes: nobodyTold,
    ...(unneeded as never as Pick<Parameters<typeof createAnswers>[0], keyof typeof unneeded>),
    ...{ checkPin, clock, subjectStates: states(), places: { of: () => undefined } },
    keepEvidence: createKeepEvidence(all),
  })
  const display = { title: '', approve: '', rows: [], text: 'Shown' } as unknown as ShownApproval['display']
  const shown = { approval, display, language: 'en', requester: 'Till', device: phone } as never
  const yes = { shown, number: undefined, pin: '739154', signature: 'x.y.z', from: {} }
  const heard = await inUnit(() => answers.approve(alder, yes)).catch(code)
  return [heard, (await all.approvals.get('alder', approval.id))?.state]
}

test.each<[string, (phone: Phone) => Promise<unknown>, string, string]>([
  ['nothing', async () => undefined, 'approved', 'approved'],
  ['its device is revoked', ({ id }) => all.devices.revoke('alder', id, now), 'approval.no_key', 'pending'],
  ['its key is replaced', (one) => all.devices.setApprovalKey(one, key()), 'approval.no_key', 'pending'],
  [
    'its customer is disabled',
    ({ subject }) => states().disable('alder', subject),
    'subject.disabled',
    'pending',
  ],
])('while the PIN is compared: %s (attacks 130 and 150)', async (_what, happens, heard, state) => {
  expect(await approvedWhile(happens)).toEqual([heard, state])
})

const paying = (subject: string, by: 'sms' | 'approval') =>
  login(id(), {
    ...{
      subject,
      transaction,
      consent: 'confirm',
      amr: ['fed', 'pop'],
      device: 'd',
      expiresAt: now + 900_000,
    },
    ...{ hasNumber: true, hasApprover: true, neededAcr: withDevice, approvalAcr: withDevice },
    decision: { id: id(), reason: 'r', outcome: { kind: 'step-up', acr: withDevice, by: [by] } },
  })

test('of two presses that saw the same page one sends, and one uses the code up (attacks 139 and 158)', async () => {
  const sent: string[] = []
  const codes = createSmsCodes({
    ...{ ...all, clock, chance, keys: { secret: () => Buffer.alloc(32) } as never },
    deliveries: { enqueue: async ({ text }) => void sent.push(text) },
    ...{ riskOutcomes: nobodyTold, codeGate: async () => undefined },
  })
  const before = paying(id(), 'sms')
  await all.logins.create(before)
  const first = await inUnit(() => codes.first(alder, before, 'en'))
  expect((await inUnit(() => codes.first(alder, before, 'en'))).code).toEqual(first.code)
  expect(await inUnit(() => codes.send(alder, before, 'en')).catch(code)).toBe('code.too_many')
  expect(sent).toHaveLength(1)
  const typed = { code: '424242', language: 'en' } as const
  expect((await inUnit(() => codes.check(alder, first, typed))).amr).toContain('sms')
  expect(await inUnit(() => codes.check(alder, first, typed)).catch(code)).toBe('interaction.step')
})

test('a question that lapsed may be asked again, and no tab loses what another asked', async () => {
  const { subject } = await phoneOf(id())
  const places = { of: () => undefined }
  const ask = createAsk({
    ...all,
    clock,
    chance,
    places,
    reach: async () => undefined,
    subjectStates: states(),
  })
  const flow = createLoginApproval({ ...all, ask, clock, riskOutcomes: nobodyTold })
  const before = paying(subject, 'approval')
  await all.logins.create(before)
  const open = async () =>
    (await all.approvals.pending({ institution: 'alder', subject }, clock.now())).length
  const again = async () => {
    await inUnit(() => flow.ask(alder, before, {}))
    return open()
  }
  expect(await again()).toBe(1)
  later = 301_000
  expect(await open()).toBe(0)
  expect(await again()).toBe(1)
  // This tab was loaded before anybody was asked.
  await inUnit(() => flow.choose(before, false))
  expect(await open()).toBe(0)
  await inUnit(() => flow.choose(before, true))
  expect(await again()).toBe(1)
  later = 0
})

const kept = (subject: string, change: Partial<CustomerTransaction> = {}): CustomerTransaction => ({
  ...{ institution: 'alder', id: id(), subject, relyingParty: 'till', reference: 'DB-TEST', transaction },
  ...{ kind: 'payment', from: undefined, to: undefined, policy: 'p', state: 'open', createdAt: now },
  ...{ expiresAt: now + 60_000, endedAt: undefined, usedAt: undefined },
  decision: { outcome: { kind: 'step-up', acr: withDeviceAndPin }, reason: 'r' },
  inputs: { own: noOwnLimits } as never,
  ...change,
})

test('nothing is kept as proof of an approval whose transaction had ended', async () => {
  const settled = async (change: Partial<CustomerTransaction>) => {
    const one = kept(id(), change)
    await all.transactions.create(one)
    const signIn = paying(one.subject, 'sms')
    const mine = { ...signIn, decision: { ...signIn.decision, id: one.id } as typeof signIn.decision }
    const evidence = createKeepEvidence(all)
    const asked = { approval: question(one.subject), text: 'Shown', language: 'en', strength: 'pin' } as const
    const answered = { methods: [], deviceId: undefined, signature: undefined, outcome: 'approved' } as const
    const about = { place: {}, kilometres: undefined, at: now }
    const keep = () => evidence(alder, { ...asked, ...answered, ...about })
    const ended = await inUnit(() =>
      settleTransaction({ ...all, clock }, mine, { state: 'approved', evidence: keep }),
    ).catch(code)
    return [ended, (await all.evidence.get('alder', asked.approval.id)) !== undefined]
  }
  expect(await settled({})).toEqual([undefined, true])
  expect(await settled({ state: 'released', endedAt: now })).toEqual(['interaction.expired', false])
  expect(await settled({ expiresAt: now })).toEqual(['interaction.expired', false])
})

test('disabling withdraws what is open, tells what becomes of its transaction, and leaves what lapsed', async () => {
  const subject = id()
  const paid = kept(subject)
  await all.transactions.create(paid)
  const open = question(subject, { transaction, transactionId: paid.id, hash: transaction.hash })
  const lapsed = question(subject, { expiresAt: now })
  for (const one of [open, lapsed]) await all.approvals.create(one)
  const told: AuditEvent[] = []
  const flows = createSubjectFlows({
    ...{ ...all, clock, subjectStates: states() },
    subjectNames: { ...createSubjectNames(all.connections), meant: async (_, sub) => sub },
    browserSessions: { ofSubject: async () => [] } as never,
    endSession: undefined as never,
    audit: { ...all.audit, record: (event) => void told.push(event) },
  })
  await inUnit(() => flows.disable({ institution: 'alder', sub: subject, relyingParty: 'till' }))
  const state = async ({ id }: Approval) => (await all.approvals.get('alder', id))?.state
  expect([await state(open), await state(lapsed)]).toEqual(['withdrawn', 'pending'])
  expect((await all.transactions.get('alder', paid.id))?.state).toBe('released')
  expect(told.map(({ type }) => type)).toEqual([
    'approval.withdrawn',
    'transaction.released',
    'subject.disabled',
  ])
})
