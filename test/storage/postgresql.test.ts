// The store contract on PostgreSQL, where DATABASE_URL names a server; the interop suite demands one.
import { describe, expect, test } from 'vitest'
import { approvalContract } from './approval-contract.ts'
import { breakGlassContract } from './break-glass-contract.ts'
import { caseContract } from './case-contract.ts'
import { connectionContract } from './connection-contract.ts'
import { storeContract } from './contract.ts'
import { conversionContract } from './conversion-contract.ts'
import { deviceContract } from './device-contract.ts'
import { freezeContract } from './freeze-contract.ts'
import { keyContract } from './key-contract.ts'
import { pingContract } from './ping-contract.ts'
import { policyContract } from './policy-contract.ts'
import { retentionContract } from './retention-contract.ts'
import { riskContract } from './risk-contract.ts'
import { serverUrl } from './scratch.ts'
import { sessionContract } from './session-contract.ts'
import { signingContract } from './signing-contract.ts'
import { rowContract } from './store-contract.ts'
import { transactionContract } from './transaction-contract.ts'

if (serverUrl === undefined) {
  test('DATABASE_URL is not set: the contract runs on the embedded database alone', () =>
    expect(serverUrl).toBeUndefined())
} else {
  describe('PostgreSQL', () => {
    storeContract('server')
    rowContract('server')
    keyContract('server')
    deviceContract('server')
    sessionContract('server')
    breakGlassContract('server')
    connectionContract('server')
    transactionContract('server')
    policyContract('server')
    pingContract('server')
    riskContract('server')
    approvalContract('server')
    signingContract('server')
    conversionContract('server')
    retentionContract('server')
    freezeContract('server')
    caseContract('server')
  })
}
