// Somebody at the bank who freezes and lifts, by the flows of a bridge's first node: what other doors do of it is the test's.
import { randomBytes } from 'node:crypto'
import type { Visitor } from '../../src/domain/administrator.ts'
import type { Named } from '../../src/flows/freezes.ts'
import type { TestBridge } from './bridge.ts'

const owner: Visitor = {
  ...{ institution: 'alder', id: 'olga', name: 'Olga', kind: 'workforce', roles: ['owner'] },
  ...{ authenticatedAt: Date.now() + 3600_000, expiresAt: Date.now() + 7200_000 },
}

export function freezing({ parts }: Pick<TestBridge, 'parts'>) {
  const { base, flows } = parts
  const inUnit = <T>(work: () => Promise<T>) =>
    base.unit.run({ institution: 'alder', reference: 'DB-FREEZE' }, work)
  return {
    /** Resolves with its id once it is committed. */
    async freeze(named: Named): Promise<string> {
      const id = randomBytes(12).toString('hex')
      await inUnit(() => flows.freezeFlows.set(owner, { id, named, why: 'seen at a mule', hours: undefined }))
      return id
    },
    lift: (id: string): Promise<void> =>
      inUnit(() => flows.freezeFlows.lift(owner, { id, why: 'a mistake' })),
  }
}
