// Limits and banks for the contracts of transactions and policies.
import type { Institution } from '../../src/domain/institution.ts'
import type { Limit } from '../../src/domain/limit.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { alder } from '../journeys/parts.ts'

export const limit = (change: Partial<Limit>): Limit => ({
  ...{ id: 'day', types: ['payment_initiation'], from: [], to: [], outcome: { kind: 'deny' } },
  threshold: { kind: 'amount', per: 'day', over: { EUR: '100.00' } },
  ...change,
})

export const bank = (policy: Policy): Institution => ({ ...alder, stepUpOver: { EUR: '1000.00' }, policy })
