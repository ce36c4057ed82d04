// What every database must do for policies: who says the one in force, and every one that ever was.
import { expect, test } from 'vitest'
import type { Policy } from '../../src/domain/policy.ts'
import { policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { alder } from '../journeys/parts.ts'
import { onDatabase } from './on-database.ts'
import { bank, limit } from './policy-samples.ts'
import { type everything, id, now } from './rig.ts'

/** Registers the suite for one kind of database. */
export function policyContract(kind: 'embedded' | 'server'): void {
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    all = opened.all
  })

  test('the policy that a console set is the institution’s where its file says none, and goes with its row', async () => {
    const bare = { ...alder, id: 'elm', policy: undefined }
    const set = { institution: bare, relyingParties: [], connections: [], cores: [] }
    const policy = { rules: [], limits: [limit({ id: 'console' })] }
    const row = { policy, version: 'v', base: 'b', by: 'administrator:x', at: now }
    const seen = async () => [
      (await all.directory.institution('elm'))?.policy,
      (await all.directory.institutions()).find(({ id }) => id === 'elm')?.policy,
      (await all.directory.everything('elm', 'file'))?.institution.policy,
    ]
    await all.directory.put(set, 'file')
    await all.consolePolicies.put('elm', { ...row, base: 'first' })
    await all.consolePolicies.put('elm', row)
    expect(await all.consolePolicies.get('elm')).toEqual(row)
    expect(await seen()).toEqual([policy, policy, undefined])
    await all.directory.put(set, 'file')
    expect((await all.policies.list('elm'))[0]?.policy.limits.map(({ id }) => id)).toEqual([
      'step_up_over',
      'console',
    ])
    const file = { rules: [], limits: [] }
    await all.directory.put({ ...set, institution: { ...bare, policy: file } }, 'file')
    expect(await seen()).toEqual([file, file, file])
    await all.directory.put(set, 'file')
    expect([await all.consolePolicies.remove('elm'), await all.consolePolicies.remove('elm')]).toEqual([
      true,
      false,
    ])
    expect(await seen()).toEqual([undefined, undefined, undefined])
  })

  test('a policy that was ever in force is found by its version', async () => {
    const institution = bank({ rules: [], limits: [limit({})] })
    const set = { institution, relyingParties: [], connections: [], cores: [] }
    await all.directory.put(set, 'file')
    const policy = policyOf(institution)
    await all.directory.put({ ...set, institution: bank({ rules: [], limits: [] }) }, 'file')
    expect(await all.policies.get('alder', policyVersion(policy))).toEqual(policy)
    expect(await all.policies.get('birch', policyVersion(policy))).toBeUndefined()
  })
  test('the policies that ever were come with when they came into force, also for a second time', async () => {
    const policies = [limit({}), limit({ id: 'other' })].map((one) =>
      policyOf(bank({ rules: [], limits: [one] })),
    ) as [Policy, Policy]
    const [one, other] = policies
    const place_ = `bank-${id()}`
    const order = async () => (await all.policies.list(place_)).map(({ policy }) => policy)
    await all.policies.keep(place_, one)
    const [first] = await all.policies.list(place_)
    await all.policies.keep(place_, one)
    expect(await all.policies.list(place_)).toEqual([first])
    await all.policies.keep(place_, other)
    expect(await order()).toEqual([other, one])
    await all.policies.keep(place_, one)
    expect(await order()).toEqual([one, other])
    const [again] = await all.policies.list(place_)
    expect([again?.version, again?.firstAt]).toEqual([policyVersion(one), first?.firstAt])
    expect(again?.inForceAt).toBeGreaterThanOrEqual(first?.inForceAt ?? Number.POSITIVE_INFINITY)
  })
}
