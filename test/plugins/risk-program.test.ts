// Risk engines that the bridge starts by itself: what such a program is told, and what happens when it dies.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProgram } from '../../src/plugins/risk/engine-program.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import * as rig from './risk-engines.ts'

// It tells all that it knows of where it runs, and dies when it is asked to.
const curious = `
import { createServer } from 'node:http'
const server = createServer((request, response) => {
  if (request.url === '/die') process.exit(1)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ env: process.env, pid: process.pid, argv: process.argv.slice(2) }))
})
server.listen(process.env.DRAWBRIDGE_SOCKET)
process.on('SIGTERM', () => undefined)
process.stdin.resume().once('end', () => process.exit())
`
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-program-'))
const path = join(folder, 'curious.mjs')
beforeAll(() => writeFileSync(path, curious))
afterAll(() => rmSync(folder, { recursive: true }))

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('#246 a program knows its socket and nothing else, is started again, and ends with us', async () => {
  const program = startProgram({
    argv: [process.execPath, path, '--rules=strict'],
    restartMs: 10,
    graceMs: 100,
  })
  const ask = async () => {
    const { body } = await program.fetch('http://engine/', { signal: AbortSignal.timeout(10_000) })
    return JSON.parse(Buffer.from(body).toString()) as {
      env: Record<string, string>
      pid: number
      argv: string[]
    }
  }
  const first = await ask()
  expect(Object.keys(first.env)).toEqual(['DRAWBRIDGE_SOCKET'])
  expect(first.argv).toEqual(['--rules=strict'])
  const socket = first.env.DRAWBRIDGE_SOCKET as string
  expect(statSync(dirname(socket)).mode & 0o077).toBe(0)

  await expect(program.fetch('http://engine/die', { signal: AbortSignal.timeout(10_000) })).rejects.toThrow()
  let second = await ask().catch(() => undefined)
  while (second === undefined) {
    await delay(50)
    second = await ask().catch(() => undefined)
  }
  expect(second?.pid).not.toBe(first.pid)
  expect(alive(first.pid)).toBe(false)

  // It does not heed the signal: it is ended all the same.
  await program.close()
  expect(alive(second?.pid as number)).toBe(false)
  expect(readdirSync(tmpdir())).not.toContain(dirname(socket).split('/').at(-1))
})

test('a program that is not there is no answer, by the deadline', async () => {
  const program = startProgram({ argv: [join(folder, 'nothing')], restartMs: 10 })
  await expect(program.fetch('http://engine/', { signal: AbortSignal.timeout(100) })).rejects.toThrow()
  await program.close()
})

test('the worked example of a program judges payments', async () => {
  const example = join(import.meta.dirname, '../../config/risk/engine.mjs')
  const service = riskService({ fetch: rig.openFetch }, { ours: [process.execPath, example] })
  const engine = rig.opened(service, { program: 'ours' })
  const paying = (minor: string, known: boolean) => {
    const facts = { 'transaction.minor': minor, 'history.knownPayee': known }
    return engine.assess({ ...rig.payment, facts }, rig.within(10_000))
  }
  expect(await paying('250000', false)).toEqual({
    ...{ event: 'event-1', action: 'step-up', score: 700, reasons: [{ code: 'large_to_stranger' }] },
  })
  expect((await paying('250000', true)).action).toBe('allow')
  expect((await paying('99', false)).action).toBe('allow')
  await engine.report?.({ ...rig.payment, kind: 'outcome' }, rig.within(10_000))
  await engine.close?.()
})
