// What a customer is told when a case ends: whoever can send it again is named as they are.
import { expect, test } from 'vitest'
import type { HeldCase } from '../../src/domain/held-case.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import { tellCustomer } from '../../src/flows/case-ending.ts'
import type { Word } from '../../src/flows/reach.ts'
import { alder } from '../journeys/parts.ts'
import { now } from '../storage/rig.ts'

const one: HeldCase = {
  ...{ institution: 'alder', id: 'c', subject: 's', relyingParty: 'r', reference: '', hash: 'h' },
  ...{ reason: 'rule.huge', state: 'released', version: 3, proposedBy: 'a', endedBy: 'b', fraud: false },
  ...{ createdAt: now, deadline: now + 1, endedAt: now, sendUntil: now + 1, usedBy: undefined },
}

test.each([
  ['app', 'You can send it again in your app until'],
  ['api', 'Whoever asked you for it can ask again until'],
  [undefined, 'You can send it again in your app until'],
] as const)('what came from an %s and is released: %s', async (kind, said) => {
  const words: Word[] = []
  const ports = {
    directory: {
      institution: async () => alder,
      relyingParty: async (institution: string, id: string) =>
        institution === 'alder' && id === 'r' && kind ? ({ id, kind } as RelyingParty) : undefined,
    },
    reach: async (_institution: unknown, word: Word) => void words.push(word),
    unit: { reference: () => 'DB-TEST' },
    audit: { record: () => undefined, toldRefusal: () => false },
  }
  await tellCustomer(ports, alder, { one, now, sendUntil: now + 3600_000 })
  expect(words.map(({ text }) => text)).toEqual([expect.stringContaining(said)])
})
