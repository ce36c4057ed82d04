// `drawbridge demo`: the bridge with a demo bank around it, on this machine alone.
import { type Command, type Invocation, UsageFault } from './command.ts'
import { openDemoBridge } from './demo-bridge.ts'
import { untilStopped } from './lifetime.ts'

export const demo: Command = {
  name: 'demo',
  summary: 'Run the bridge with a demo bank around it (npm start).',
  description: [
    'Starts the bridge on the embedded database with a bank: a SAML IdP, a phone, a SOAP core, and a control room that',
    'shows what happens between them. Prints where to look and whom to sign in as. It binds to loopback only and',
    'refuses NODE_ENV=production, a DATABASE_URL that leads elsewhere, and a data directory that it did not make.',
  ].join('\n'),
  options: {
    port: { value: 'PORT', meaning: 'Port of the bridge; 0 for a free one. Else the variable PORT.' },
    'world-port': {
      value: 'PORT',
      meaning: 'Port of the demo bank itself; 0 for a free one. Else the variable DEMO_PORT.',
    },
    host: { value: 'HOST', meaning: 'Loopback address to bind.', default: '127.0.0.1' },
    data: { value: 'DIRECTORY', meaning: 'Where the embedded database is.', default: './data' },
    verbose: { meaning: 'Log every request, not only what went wrong.' },
  },
  async run(invocation) {
    const { terminal } = invocation
    const { application, config } = await openDemoBridge({
      env: terminal.env,
      directory: invocation.text('data') ?? './data',
      host: invocation.text('host') ?? '127.0.0.1',
      port: portOf(invocation, 'port'),
      logLevel: invocation.flag('verbose') ? 'info' : 'warn',
    })
    const { runDemo } = await import('../demo/run.ts')
    let world: Awaited<ReturnType<typeof runDemo>> | undefined
    return untilStopped({
      log: application.log,
      graceMs: config.timeouts.shutdownMs,
      async start() {
        world = await runDemo({
          application,
          publicUrl: config.publicUrl,
          port: portOf(invocation, 'world-port'),
          say: terminal.out,
        })
      },
      async stop() {
        await world?.stop()
        await application.stop()
      },
    })
  },
}

/** The option, else the variable of that option, else 8080 for the bridge and 8081 for the world. */
function portOf({ text, terminal }: Invocation, option: 'port' | 'world-port'): number {
  const variable = option === 'port' ? terminal.env.PORT : terminal.env.DEMO_PORT
  const given = text(option) ?? variable ?? (option === 'port' ? '8080' : '8081')
  const port = Number(given)
  if (!/^\d{1,5}$/.test(given) || port > 65_535) throw new UsageFault(`${given} is no port`)
  return port
}
