// `drawbridge journey`: the whole walk over HTTP, without a browser, against a demo of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, exit, type Terminal } from './command.ts'
import { openDemoBridge } from './demo-bridge.ts'

export const journey: Command = {
  name: 'journey',
  summary: 'Walk the whole way once over HTTP, and say how it went.',
  description: [
    'Starts a demo in a directory of its own, signs in, enrols a device, pays, steps up, is refused where it must be,',
    'signs out and verifies the audit. Prints each step with its time; the exit status tells whether all went well.',
  ].join('\n'),
  options: {
    json: {
      meaning:
        'As the last line one JSON object: {ok, steps: [{name, ok, ms}], risk: [{dial, event, providers, action, reason, outcome}]}.',
    },
    data: {
      value: 'DIRECTORY',
      meaning:
        'Where data and master key are kept. Else a directory for this walk; with DATABASE_URL ./data.',
    },
    verbose: { meaning: 'Log every request.' },
  },
  async run({ terminal, text, flag }) {
    const { directory, remove } = placeFor(text('data'), terminal)
    try {
      const report = await walked(terminal, directory, flag('verbose') ? 'info' : 'error')
      if (flag('json')) terminal.out(`${JSON.stringify(report)}\n`)
      return report.ok ? exit.ok : exit.failed
    } catch (error) {
      // Whoever reads the last line finds one, also when nothing could begin; why stands on the other stream.
      if (flag('json')) terminal.out(`${JSON.stringify({ ok: false, steps: [], risk: [] })}\n`)
      throw error
    } finally {
      remove()
    }
  },
}

/** A directory for one walk. On a server the database outlives the walk, so its master key must too. */
function placeFor(data: string | undefined, { env }: Terminal): { directory: string; remove: () => void } {
  if (data !== undefined || env.DATABASE_URL) return { directory: data ?? './data', remove: () => {} }
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-journey-'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

async function walked(terminal: Terminal, directory: string, logLevel: 'info' | 'error') {
  const { application, config } = await openDemoBridge({
    env: terminal.env,
    directory,
    host: '127.0.0.1',
    port: 0,
    logLevel,
  })
  try {
    const [{ runDemo }, { runJourney }] = await Promise.all([
      import('../demo/run.ts'),
      import('../demo/journey.ts'),
    ])
    const world = await runDemo({ application, publicUrl: config.publicUrl, port: 0, say: () => {} })
    try {
      return await runJourney({ application, world, say: terminal.out })
    } finally {
      await world.stop()
    }
  } finally {
    await application.stop()
  }
}
