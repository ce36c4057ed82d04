// Evidence of what several signed, put together by somebody who has the evidence key: too few, one twice, another payment.
import { describe, expect, test } from 'vitest'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { EvidenceMaterial } from '../../src/domain/evidence.ts'
import { withIntegers } from '../../src/domain/evidence.ts'
import type { SignatoryEvidence } from '../../src/domain/evidence-bundle.ts'
import { decide, type Policy, type PolicyInputs } from '../../src/domain/policy.ts'
import { policyVersion } from '../../src/domain/policy-default.ts'
import { hashOf } from '../../src/domain/transaction.ts'
import { detail, evidence, keys, material, signatoryEvidence } from './evidence-rig.ts'

const signatories = { director: 1, holder: 1 }
const policy: Policy = {
  rules: [
    {
      id: 'signed',
      when: 'transaction.amount > 1',
      outcome: { kind: 'step-up', acr: withDeviceAndPin, by: ['approval'], signatories },
    },
  ],
  limits: [],
}
const { inputs } = material.policy as { inputs: unknown }
const { reason } = decide(policy, withIntegers(inputs) as PolicyInputs)
const decided = {
  ...{ version: policyVersion(policy), outcome: 'step-up', acr: withDeviceAndPin, reason, inputs },
  ...{ by: ['approval'], signatories },
}

const first: EvidenceMaterial = { ...material, policy: decided }
const signing = (n: number, role: string, change: Partial<EvidenceMaterial> = {}): EvidenceMaterial => ({
  ...first,
  ...{ id: `approval-${n}`, subject: `sub-${n}` },
  request: { ...first.request, origin: 'signatory', numberMatched: false, nonce: `nonce-${n}`, role },
  device: first.device && { ...first.device, id: `device-${n}` },
  ...change,
})
const [director, holder] = [signing(2, 'director'), signing(3, 'holder')]
const theirs = () =>
  Promise.all([
    signatoryEvidence(director, { key: keys.stranger }),
    signatoryEvidence(holder, { key: keys.evidence }),
  ])

async function judged(all: readonly SignatoryEvidence[] | undefined, change = first) {
  const text = await evidence({
    material: () => change,
    bundle: (one) => ({ ...one, policy, ...(all !== undefined && { signatories: all }) }),
  })
  const { checks } = await verifyEvidence({
    ...{ evidence: Buffer.from(text), key: JSON.stringify(keys.evidence.jwk), checkpointKey: undefined },
  })
  return checks.filter(({ ok }) => !ok).map(({ name, says }) => `${name}: ${says}`)
}

test('control: what as many signed as had to holds, whatever way the policy named', async () =>
  expect(await judged(await theirs())).toEqual([]))

describe('#252 evidence of signatories that did not sign', () => {
  const replaced = async (one: SignatoryEvidence) => judged([one, ...(await theirs()).slice(1)])
  test.each<[string, () => Promise<readonly SignatoryEvidence[] | undefined>, string]>([
    ['nobody', async () => undefined, 'too few signed as director'],
    ['one of two', async () => (await theirs()).slice(0, 1), 'too few signed as holder'],
    [
      'one person in both roles',
      async () => [
        ...(await theirs()).slice(0, 1),
        await signatoryEvidence({ ...holder, subject: director.subject }, { key: keys.evidence }),
      ],
      'one person signed twice',
    ],
    [
      'two people with one key',
      async () => [...(await theirs()).slice(0, 1), await signatoryEvidence(holder, { key: keys.stranger })],
      'two people signed with one key',
    ],
    [
      'the key of who began it',
      async () => [...(await theirs()).slice(0, 1), await signatoryEvidence(holder)],
      'two people signed with one key',
    ],
  ])('%s', async (_what, made, why) => {
    expect(await judged(await made())).toEqual([`signatories: ${why}`])
  })
  test('who began it', async () => {
    const own = await signatoryEvidence({ ...director, subject: first.subject }, { key: keys.stranger })
    expect(await replaced(own)).toEqual([
      'signatories: of one who signed, policy: it was decided on another transaction',
    ])
  })
  test('another transaction, and one of another decision', async () => {
    const cent = { ...detail, instructedAmount: { amount: '1240.01', currency: 'EUR' } }
    const transaction = { ...first.transaction, detail: cent, hash: hashOf(cent) }
    const other = await signatoryEvidence({ ...director, transaction }, { key: keys.stranger })
    expect(await replaced(other)).toEqual(['signatories: one of them signed another transaction'])
    const again = await signatoryEvidence(
      { ...director, transaction: { ...first.transaction, id: 'transaction-2' } },
      { key: keys.stranger },
    )
    expect(await replaced(again)).toEqual(['signatories: one of them signed another transaction'])
  })
  test('by another key, without the PIN, out of another log, and in no log', async () => {
    const forged = await signatoryEvidence(director, {
      key: keys.stranger,
      change: { answer: { key: keys.otherBank.privateKey } },
    })
    expect(await replaced(forged)).toEqual([expect.stringContaining('of one who signed, display:')])
    const weak = await signatoryEvidence(
      { ...director, strength: 'device-key', methods: ['pop', 'mca'] },
      { key: keys.stranger },
    )
    expect(await replaced(weak)).toEqual([
      'signatories: of one who signed, strength: the policy asked for more',
    ])
    const elsewhere = await signatoryEvidence(director, {
      key: keys.stranger,
      change: { log: { key: keys.otherLog } },
    })
    expect(await replaced(elsewhere)).toEqual([
      'signatories: of one who signed, checkpoint: the checkpoint is not signed by the key of the log',
    ])
    const whole = await signatoryEvidence(director, { key: keys.stranger })
    const changed = { ...whole, material: { ...whole.material, subject: 'sub-9' } }
    expect(await replaced(changed)).toEqual([expect.stringContaining('of one who signed, material:')])
  })
  test('a need that was taken out of what was kept: the policy decides otherwise', async () => {
    const { signatories: _gone, ...less } = decided
    expect(await judged(undefined, { ...first, policy: less })).toEqual([
      expect.stringMatching(/^policy: it decides otherwise/),
    ])
  })
  test('an answer of who began it, said to be a signatory’s', async () => {
    const { role: _role, ...request } = director.request
    const asFirst = await signatoryEvidence(
      { ...director, request: { ...request, origin: 'api' } },
      { key: keys.stranger },
    )
    expect(await replaced(asFirst)).toEqual(['signatories: one of them did not sign it'])
  })
})
