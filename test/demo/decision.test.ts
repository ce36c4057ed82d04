// The Decision pane's reasons: of the sign-in or call that was decided, and of nobody else's.
import { expect, test } from 'vitest'
import { decisionOf } from '../../src/demo/decision.ts'
import { shownEvent } from '../../src/demo/event-words.ts'

type Raw = Readonly<Record<string, unknown>>
const decided = (...events: Raw[]) =>
  decisionOf(events.map((event) => shownEvent(JSON.stringify({ outcome: 'ok', at: '', ...event }))))
const typesOf = (decision: ReturnType<typeof decided>) => decision?.login.map(({ type }) => type)

const alice = { subject: 'alice', reference: 'A' }
const aliceSignsIn: Raw[] = [
  { type: 'login.started', reference: 'A', detail: { interaction: 'ua' } },
  { type: 'login.upstream_answered', ...alice },
  { type: 'device.activated', subject: 'alice', device: 'her-phone', reference: 'X' },
  { type: 'step_up.passed', ...alice, device: 'her-phone' },
  { type: 'login.finished', ...alice, device: 'her-phone', detail: { acr: 'urn:x:device-pin' } },
]
const refusedAnswer = (interaction: string): Raw => ({
  type: 'login.upstream_answered',
  outcome: 'refused',
  code: 'saml.signature_invalid',
  detail: { interaction },
})

test('nothing has been decided', () => {
  expect(decided()).toBeUndefined()
  expect(decided(...aliceSignsIn.slice(0, 2))).toBeUndefined()
})
test('a refused answer is a decision, and what came to another sign-in before is no reason for it', () => {
  const begun = { type: 'login.started', reference: 'B', detail: { interaction: 'ub' } }
  const decision = decided(...aliceSignsIn, begun, refusedAnswer('ub'))
  expect(decision?.last.code).toBe('saml.signature_invalid')
  expect(typesOf(decision)).toEqual(['login.started'])
  expect(decision?.proven).toBeUndefined()
})
test('a refused answer to no sign-in that is known stands alone', () => {
  const decision = decided(...aliceSignsIn, { ...refusedAnswer(''), detail: {} })
  expect([decision?.last.outcome, typesOf(decision), decision?.proven]).toEqual(['refused', [], undefined])
})
test('Bob without a device gets nothing from Alice’s', () => {
  const bob = { subject: 'bob', reference: 'B' }
  const decision = decided(...aliceSignsIn, {
    type: 'login.finished',
    ...bob,
    detail: { acr: 'urn:x:delegated' },
  })
  expect([typesOf(decision), decision?.proven]).toEqual([['login.finished'], undefined])
})
test('control: Alice’s own sign-in has its answer, its PIN and her phone', () => {
  const decision = decided(...aliceSignsIn)
  expect(typesOf(decision)).toEqual([
    'login.started',
    'login.upstream_answered',
    'step_up.passed',
    'login.finished',
  ])
  expect(decision?.proven?.device).toBe('her-phone')
})
test('a call is led back to its customer’s sign-in for that very payment', () => {
  const paid = { subject: 'alice', transaction: 'hash', reference: 'P' }
  const call = {
    type: 'call.answered',
    subject: 'alice',
    device: 'her-phone',
    transaction: 'hash',
    reference: 'C',
  }
  const decision = decided(...aliceSignsIn, { type: 'login.finished', ...paid }, call)
  expect(decision?.login.map(({ reference }) => reference)).toEqual(['P'])
  expect(decision?.proven?.device).toBe('her-phone')
  expect(typesOf(decided(...aliceSignsIn, { ...call, transaction: undefined }))).toContain('step_up.passed')
})
