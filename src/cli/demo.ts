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
      port: portOf(invocation),
      logLevel: invocation.flag('verbose') ? 'info' : 'warn',
    })
    const { runDemo } = await import('../demo/run.ts')
    let world: Awaited<ReturnType<typeof runDemo>> | undefined
    return untilStopped({
      log: application.log,
      graceMs: config.timeouts.shutdownMs,
      async start() {
        world = await runDemo({ application, publicUrl: config.publicUrl, say: terminal.out })
      },
      async stop() {
        await world?.stop()
        await application.stop()
      },
    })
  },
}

const defaultPort = 8080

function portOf(invocation: Invocation): number {
  const text = invocation.text('port') ?? invocation.terminal.env.PORT ?? String(defaultPort)
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UsageFault(`${text} is no port`)
  return port
}
