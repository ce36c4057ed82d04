// What the command says of providers in shadow.
import { expect, test } from 'vitest'
import { shadowLines } from '../../src/cli/risk-shadow.ts'

test('a line for each event and provider: what would have stayed, and what would have changed into what', () => {
  expect(shadowLines([])).toEqual(['nobody was asked in shadow'])
  const one = { kind: 'payment', provider: 'vendor' } as const
  expect(
    shadowLines([
      { ...one, action: 'allow', wouldBe: 'allow', times: 900 },
      { ...one, action: 'allow', wouldBe: 'step-up', times: 31 },
      { ...one, action: 'deny', wouldBe: 'deny', times: 12 },
      { ...one, kind: 'sign-in', action: 'allow', wouldBe: 'hold', times: 2 },
    ]),
  ).toEqual([
    'payment, vendor: 912 as they were; 31 allow -> step-up',
    'sign-in, vendor: 0 as they were; 2 allow -> hold',
  ])
})
