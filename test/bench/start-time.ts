// How long `npm start` takes until it says that it is up: the first time, and later. Ends with 1 where it is three times the aim.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// The quickest of so many: whatever else the machine does makes a start slower and never quicker. While it is too slow, a few more.
const tries = 3
const mostTries = 8
const aims = { first: 10_000, later: 2_000 } as const
// What a change may not do: a busy machine, or one half as fast as that of the aims, must not turn this red by itself.
const worst = 3

const root = join(import.meta.dirname, '../..')

/** Milliseconds from the command to the printed welcome. Rejects when the process ends before. */
function started(home: string): Promise<number> {
  const from = performance.now()
  const args = ['src/start.mjs', 'demo', '--port', '0', '--world-port', '0', '--data', join(home, 'data')]
  // A place of its own for compiled code, so that the first start is a first one.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(home, 'compiled') }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let took = 0
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
    if (took > 0 || !said.includes('Drawbridge is up')) return
    took = performance.now() - from
    child.kill('SIGTERM')
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      took > 0 ? resolve(Math.round(took)) : reject(new Error(`ended with ${code} before it was up`)),
    )
  })
}

const times: Record<keyof typeof aims, number[]> = { first: [], later: [] }
const isTooLong = (kind: keyof typeof aims) => Math.min(...times[kind]) >= worst * aims[kind]
for (let i = 0; i < tries || (i < mostTries && (isTooLong('first') || isTooLong('later'))); i++) {
  const home = mkdtempSync(join(tmpdir(), 'drawbridge-start-'))
  try {
    times.first.push(await started(home))
    times.later.push(await started(home))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
for (const kind of ['first', 'later'] as const) {
  const best = Math.min(...times[kind])
  const ok = !isTooLong(kind)
  const said = best < aims[kind] ? '' : ok ? ': slower than the aim' : ': TOO LONG'
  console.log(`${kind} start: ${best} ms, aim ${aims[kind]} (${times[kind].join(', ')})${said}`)
  if (!ok) process.exitCode = 1
}
