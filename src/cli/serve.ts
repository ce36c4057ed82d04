// `drawbridge serve`: the bridge, until it is told to stop.
import type { Command } from './command.ts'
import { configFor, configOption } from './config-option.ts'
import { untilStopped } from './lifetime.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Run the bridge.',
  description: [
    'Brings the database to this version, opens the public and the management port, and serves until SIGTERM or',
    'SIGINT. Then /readyz says 503 for timeouts.drain_ms before the port closes, and requests under way have the grace',
    'of timeouts.shutdown_ms; a second signal ends at once.',
    'Without configuration it ends with status 78.',
  ].join('\n'),
  options: configOption,
  async run(invocation) {
    const config = configFor(invocation)
    const { compose } = await import('../compose/compose.ts')
    const application = await compose(config)
    return untilStopped({
      log: application.log,
      graceMs: config.timeouts.drainMs + config.timeouts.shutdownMs,
      async start() {
        const { firstInvitations, ...addresses } = await application.start()
        application.log.info('listening', { ...addresses, mode: config.mode })
        // To the terminal, not to the log: whoever collects logs must not become the owner of a console.
        for (const { institution, url } of firstInvitations)
          invocation.terminal.out(`${institution}: nobody owns its console yet. Within 72 hours: ${url}\n`)
      },
      stop: () => application.stop(),
    })
  },
}
