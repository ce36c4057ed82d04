// What is kept of a yes: where it was asked for and where it was answered, how far that is, and whether it was held.
import { expect, test } from 'vitest'
import { withDevice } from '../../src/domain/acr.ts'
import type { Approval, ApprovalPlace } from '../../src/domain/approval.ts'
import { contentDigest } from '../../src/domain/evidence.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Place } from '../../src/domain/place.ts'
import { createAnswers, type ShownApproval } from '../../src/flows/answer-approval.ts'
import { createKeepEvidence } from '../../src/flows/evidence.ts'
import { createSubjectStates } from '../../src/storage/subject-states.ts'
import { alder } from '../journeys/parts.ts'
import { onDatabase } from '../storage/on-database.ts'
import { device, type everything, id, now, scope } from '../storage/rig.ts'
import { nobodyTold } from './no-risk.ts'

let all: ReturnType<typeof everything>
onDatabase('embedded', (opened) => {
  all = opened.all
})

const stockholm = { latitude: 59.3293, longitude: 18.0686 }
const madrid = { latitude: 40.4168, longitude: -3.7038 }
const known: Readonly<Record<string, Place>> = { '89.160.20.112': { town: 'Madrid, Spain', at: madrid } }

/** A question of an API about no transaction, so that nobody is told; without a number or PIN. */
async function answered(place: ApprovalPlace, from: ApprovalPlace, change: Partial<Institution> = {}) {
  const approvalKey = { jkt: id(), publicJwk: { kty: 'EC' }, registeredAt: now, usableFrom: now }
  const phone = device(id(), { state: 'active', approvalKey })
  await all.devices.create(phone)
  await all.devices.setApprovalKey(phone, approvalKey)
  const approval: Approval = {
    ...{ institution: 'alder', id: id(), subject: 's1', relyingParty: 'till', origin: 'api' },
    ...{ reference: 'DB-TEST', transaction: undefined, transactionId: undefined, hash: 'hash' },
    ...{ acr: withDevice, number: undefined, nonce: id(), bindingMessage: undefined, place },
    ...{ request: undefined, uid: undefined, state: 'pending', createdAt: now, expiresAt: now + 60_000 },
    ...{ endedAt: undefined, device: undefined },
  }
  await all.approvals.create(approval)
  // Nobody reports, polls or types a PIN here.
  const unneeded = { tokens: all.tokens, endSession: undefined, metrics: undefined, log: undefined }
  const answers = createAnswers({
    tokenOfAccount: (_, account) => account,
    ...all,
    riskOutcomes: nobodyTold,
    ...({ ...unneeded, coSigning: undefined, backchannel: undefined, checkPin: undefined } as never as Pick<
      Parameters<typeof createAnswers>[0],
      'backchannel' | 'coSigning' | 'checkPin' | 'endSession' | 'metrics' | 'log'
    >),
    subjectStates: createSubjectStates(all.connections),
    keepEvidence: createKeepEvidence(all),
    places: { of: (address) => known[address] },
    clock: { now: () => now },
  })
  const display = { title: '', approve: '', rows: [], text: 'Shown' } as unknown as ShownApproval['display']
  const shown = { approval, display, language: 'en', requester: 'Till', device: phone } as const
  const yes = { shown: shown as never, number: undefined, pin: undefined, signature: 'x.y.z', from }
  const state = await all.unit.run(scope(), () => answers.approve({ ...alder, ...change }, yes))
  const kept = await all.evidence.get('alder', approval.id)
  return { state, stands: (await all.approvals.get('alder', approval.id))?.state, kept }
}

const asked = { device: 'Firefox', town: 'Stockholm', at: stockholm }
const fromMadrid = { address: '89.160.20.112' }

test('a held yes is kept with both places, and with its outcome', async () => {
  const { state, stands, kept } = await answered(asked, fromMadrid)
  expect([state, stands]).toEqual(['held', 'held'])
  expect(kept?.material).toMatchObject({
    request: { place: asked },
    answer: { outcome: 'held', place: { ...fromMadrid, town: 'Madrid, Spain', at: madrid } },
    signature: 'x.y.z',
  })
  expect(Math.round(kept?.material.answer.kilometres ?? 0)).toBe(2593)
  expect(kept?.digest).toBe(contentDigest(kept?.material ?? {}))
})

test.each<[string, ApprovalPlace, ApprovalPlace, number, 'approved' | 'held', number | null]>([
  ['farther away, by however little', asked, fromMadrid, 2593, 'held', 2593],
  ['nearer than what is far for this bank', asked, fromMadrid, 2594, 'approved', 2593],
  ['nothing is far at 20,000', asked, fromMadrid, 20_000, 'approved', 2593],
  ['where nobody knows from where it was answered', asked, { address: '8.8.8.8' }, 1, 'approved', null],
  ['where nobody knows from where it was asked for', { town: 'Stockholm' }, fromMadrid, 1, 'approved', null],
])('%s', async (_what, place, from, farKilometres, expected, kilometres) => {
  const { state, kept } = await answered(place, from, { approvals: { farKilometres } })
  expect(state).toBe(expected)
  const answer = kept?.material.answer
  expect([answer?.outcome, answer?.kilometres && Math.round(answer.kilometres)]).toEqual([
    expected,
    kilometres,
  ])
})
