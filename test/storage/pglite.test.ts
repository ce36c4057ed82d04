// The store contract on the embedded database, and what only that one needs: the lock of its directory.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DirectoryInUse } from '../../src/storage/directory-lock.ts'
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
import { migrated, open, scratch } from './scratch.ts'
import { sessionContract } from './session-contract.ts'
import { signingContract } from './signing-contract.ts'
import { rowContract } from './store-contract.ts'
import { transactionContract } from './transaction-contract.ts'

describe('embedded database', () => {
  storeContract('embedded')
  rowContract('embedded')
  keyContract('embedded')
  deviceContract('embedded')
  sessionContract('embedded')
  breakGlassContract('embedded')
  connectionContract('embedded')
  transactionContract('embedded')
  policyContract('embedded')
  pingContract('embedded')
  riskContract('embedded')
  approvalContract('embedded')
  signingContract('embedded')
  conversionContract('embedded')
  retentionContract('embedded')
  freezeContract('embedded')
  caseContract('embedded')
})

const child = join(import.meta.dirname, 'writer-process.ts')

/** Another process that opens the directory and writes until it is killed; prints each number once it is committed. */
function writer(directory: string) {
  const process_ = spawn(process.execPath, [child, directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  process_.stdout.on('data', (data: Buffer) => {
    out += data.toString()
  })
  process_.stderr.on('data', (data: Buffer) => {
    err += data.toString()
  })
  const ended = new Promise<number | null>((resolve) => process_.once('exit', (code) => resolve(code)))
  const until = async (lines: number) => {
    while (out.split('\n').length - 1 < lines) {
      if (process_.exitCode !== null) throw new Error(`the writer ended: ${err}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return {
    kill: () => process_.kill('SIGKILL'),
    ended,
    until,
    lines: () => out.split('\n').filter((line) => line !== ''),
    errors: () => err,
  }
}

describe('one process a directory (R-8)', () => {
  test('a second process refuses to start, and nothing is lost', async () => {
    const place = await scratch('embedded')
    const database = await migrated(place)
    const second = writer(place.directory)
    expect(await second.ended).toBe(1)
    expect(second.errors()).toContain('in use by another process')
    await expect(open(place)).rejects.toThrow(DirectoryInUse)
    await database
      .knex('replay')
      .insert({ institution: 'a', kind: 'k', id: 'still here', expires_at: new Date() })
    await database.close()
    const again = await open(place)
    expect(await again.knex('replay').where({ id: 'still here' })).toHaveLength(1)
    await again.close()
    await place.remove()
  })
  test('after kill -9 the directory is taken over, and every acknowledged row is there', async () => {
    const place = await scratch('embedded')
    await (await migrated(place)).close()
    const first = writer(place.directory)
    await first.until(30)
    first.kill()
    await first.ended
    const database = await open(place)
    const rows: { id: string }[] = await database.knex('replay').select('id')
    const ids = new Set(rows.map((row) => row.id))
    expect(first.lines().filter((line) => !ids.has(line))).toEqual([])
    await database.close()
    await place.remove()
  })
  test('a directory whose path is too long for a socket is locked all the same', async () => {
    const place = await scratch('embedded')
    const deep = { ...place, directory: join(place.directory, 'd'.repeat(120)) }
    const database = await open(deep)
    await expect(open(deep)).rejects.toThrow(DirectoryInUse)
    await database.close()
    await place.remove()
  })
})
