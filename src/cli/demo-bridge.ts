// The bridge of a demo: its stamped data directory, its key, its settings, composed but not yet started.

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Config } from '../config/config.ts'
import { prepareDemo } from '../config/demo-stamp.ts'
import { loadSettings } from '../config/load.ts'
import type { SettingsInput } from '../config/schema.ts'
import type { Environment } from '../config/secret.ts'
import type { Application } from '../ports/application.ts'
import type { Clock } from '../ports/clock.ts'
import type { SamlChecker } from '../ports/saml-checker.ts'

export interface DemoPlace {
  readonly env: Environment
  readonly directory: string
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  readonly logLevel: Config['log']['level']
  /** The machine's unless told. */
  readonly clock?: Clock
  /** The settings' defaults unless told. */
  readonly settings?: Pick<SettingsInput, 'sessions' | 'places' | 'trusted_proxies' | 'sweeper'>
  readonly checker?: SamlChecker
  /** Of background work, against that of production; 1 unless told. */
  readonly pace?: number
  /** Told, once it listens, of what it is made of. */
  readonly made?: (parts: unknown) => void
}

/** Throws a ConfigFault with every reason why the demo must not start here (ruling R-12). */
export async function openDemoBridge(
  place: DemoPlace,
): Promise<{ readonly application: Application; readonly config: Config }> {
  const { env, directory, host, logLevel } = place
  const { masterKey } = prepareDemo({ env, directory, host })
  const port = place.port === 0 ? await freePort(host) : place.port
  const config = loadSettings(
    {
      mode: 'development',
      // Browsers see the bridge on localhost and the demo's IdP on 127.0.0.1: two sites, as in life (ruling R-12).
      public_url: `http://localhost:${port}`,
      listen: { host, port },
      management: { host, port: 0 },
      // No load balancer looks at a laptop.
      timeouts: { drain_ms: 0 },
      keys: { master: masterKey },
      // One person signs in at a time, on a laptop that may be busy with other things; production keeps the short deadlines.
      database: { data_directory: directory, acquire_timeout_ms: 10_000 },
      saml: { workers: 1, deadline_ms: 2000 },
      // The demo's IdPs stand on this machine.
      outbound: { allowed_networks: ['127.0.0.0/8', '::1/128'] },
      log: { level: logLevel, destination: 'stderr' },
      ...place.settings,
    },
    databaseOnly(env),
    { demo: true },
  )
  const { compose } = await import('../compose/compose.ts')
  const { clock, checker, made, pace } = place
  return { application: await compose(config, { ...(clock && { clock }), checker, made, pace }), config }
}

/** The demo is the same for everybody: of the environment it takes the database and nothing else. */
const databaseOnly = ({ DATABASE_URL }: Environment): Environment => (DATABASE_URL ? { DATABASE_URL } : {})

/** A port that was free a moment ago; the issuer must be known before the bridge binds. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
