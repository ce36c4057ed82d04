// The bridge alone in a process of its own, for the load to come from outside: rows by message, figures by message.
import { compose } from '../../src/compose/compose.ts'
import { prepareDemo } from '../../src/config/demo-stamp.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { InstitutionSet } from '../../src/ports/stores.ts'

const [, , directory = '', port = ''] = process.argv
const url = process.env.BENCH_DATABASE_URL
const host = '127.0.0.1'
// One caller stands for thousands: its budget must not be what is measured.
const unlimited = { points: 1_000_000, seconds: 60 }
const settings = {
  mode: 'development',
  public_url: `http://localhost:${port}`,
  listen: { host, port: Number(port) },
  management: { host, port: 0 },
  database: { data_directory: directory },
  keys: { master: prepareDemo({ env: {}, directory, host }).masterKey },
  log: { level: 'error', destination: 'stderr' },
  limits: { rates: { interaction: unlimited, token: unlimited, acs: unlimited, gateway: unlimited } },
} as const
const application = await compose(
  loadSettings(settings, url === undefined ? {} : { DATABASE_URL: url }, { demo: true }),
)
await application.migrate()
process.send?.({ ready: settings.public_url })

// Whoever measures may fail, or be ended: nobody is left behind.
process.on('disconnect', () => process.exit(1))

process.on('message', async (message: { rows?: InstitutionSet; usage?: boolean; stop?: boolean }) => {
  if (message.rows) {
    await application.apply([message.rows], { dryRun: false })
    const { managementUrl } = await application.start()
    process.send?.({ started: managementUrl })
  }
  if (message.usage) process.send?.({ usage: { rss: process.memoryUsage().rss, cpu: process.cpuUsage() } })
  if (message.stop) {
    await application.stop()
    process.exit(0)
  }
})
