// What the console's headings say: never better than the worst that stands below them.
import { describe, expect, test } from 'vitest'
import { listFinding, overviewFinding, type Standing } from '../../src/console/findings.ts'
import type { ConnectionRecord } from '../../src/ports/connections.ts'

const idle = { taken: 0, refused: 0, lastTakenAt: undefined, lastRefusedAt: undefined }
const works = { ...idle, taken: 3, lastTakenAt: 5 }
const fails = { ...works, refused: 1, lastRefusedAt: 9 }
const line = (name: string, health: object = works, change: Partial<ConnectionRecord> = {}) => ({
  record: { name, state: 'active', settings: {}, proposal: undefined, ...change } as ConnectionRecord,
  health: { ...idle, ...health },
})
const proposal = { version: 2 } as ConnectionRecord['proposal']
const ends = (daysLeft: number) => ({ connection: 'a', kind: 'idp-certificate', daysLeft })
const standing: Standing = { signedIn: 9, failed: 0, expiring: [], connections: [line('A'), line('B')] }

describe('the heading of the overview', () => {
  test.each<[string, Partial<Standing>]>([
    ['Sign-ins are working', {}],
    ['Sign-ins are working', { expiring: [ends(40)] }],
    ['Nobody has signed in today', { signedIn: 0 }],
    ['No connection is live yet', { connections: [line('A', idle, { state: 'draft' })] }],
    ['The last sign-in by B failed', { failed: 1, connections: [line('A'), line('B', fails)] }],
    ['The last sign-in by B failed', { failed: 1, expiring: [ends(-1)], connections: [line('B', fails)] }],
    [
      'The last sign-ins by 2 connections failed',
      { failed: 2, connections: [line('A', fails), line('B', fails)] },
    ],
    ['Sign-ins are working', { failed: 1, connections: [line('A', { ...fails, lastTakenAt: 10 })] }],
    ['Sign-ins are working', { connections: [line('A'), line('B', fails, { state: 'disabled' })] }],
    ['Many sign-ins are failing', { failed: 5, connections: [line('A', fails)] }],
    ['Sign-ins are working, but something ends within a week', { expiring: [ends(30), ends(7)] }],
    ['Sign-ins are working, but something has ended', { expiring: [ends(-1)] }],
    ['Sign-ins are working; 1 change waits', { connections: [line('A', works, { proposal })] }],
    [
      'Nobody has signed in today; 2 changes wait',
      { signedIn: 0, connections: [line('A', idle, { proposal }), line('B', idle, { proposal })] },
    ],
  ])('%s', (words, change) => {
    expect(overviewFinding({ ...standing, ...change })).toBe(words)
  })
})

describe('the heading of the connections', () => {
  const one = (change: Partial<ConnectionRecord> = {}) => line('A', idle, change).record
  test.each<[string, ConnectionRecord[]]>([
    ['No IdP is connected yet', []],
    ['1 connection, live', [one()]],
    ['2 connections, all live', [one(), one()]],
    ['1 of 2 connections is live', [one(), one({ state: 'draft' })]],
    ['3 connections, all live; 1 change waits', [one(), one(), one({ proposal })]],
    ['1 connection, not live', [one({ state: 'disabled' })]],
    ['None of 2 connections is live', [one({ state: 'disabled' }), one({ state: 'draft' })]],
  ])('%s', (words, all) => {
    expect(listFinding(all, 0)).toBe(words)
  })
})
