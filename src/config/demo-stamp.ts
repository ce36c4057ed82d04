// What belongs to the demo says so: its data directory carries a stamp, its master key a mark (ruling R-12).
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigFault, type ConfigurationFault } from './faults.ts'
import { demoKeyMark, type Environment } from './secret.ts'

const stampName = 'demo-stamp'
const keyName = 'demo-master-key'

/** Was this data directory made by the demo? */
export const isDemoDirectory = (directory: string): boolean => existsSync(join(directory, stampName))

export interface DemoPlace {
  readonly env: Environment
  readonly directory: string
  readonly host: string
}

/** Why the demo must not start here; empty when it may (attack 243). */
export function demoFaults({ env, directory, host }: DemoPlace): ConfigurationFault[] {
  const faults: ConfigurationFault[] = []
  const fault = (source: string, message: string) => faults.push({ path: '', source, message })
  if (env.NODE_ENV === 'production') fault('NODE_ENV', 'the demo does not run in production')
  if (!isLoopback(host)) fault('--host', `the demo binds to loopback only, not to ${host}`)
  const server = env.DATABASE_URL
  if (server !== undefined && !isLoopback(URL.parse(server)?.hostname ?? '')) {
    fault('DATABASE_URL', 'the demo uses no database but one on this machine')
  }
  if (!isDemoDirectory(directory) && isUsed(directory)) {
    fault(directory, 'holds data that the demo did not make; name another directory')
  }
  return faults
}

/**
 * Stamps the directory of a demo and gives a reference to its master key, made at first (readable by its owner only).
 * Throws a ConfigFault with every reason why the demo must not start here.
 */
export function prepareDemo(place: DemoPlace): { readonly masterKey: string } {
  const faults = demoFaults(place)
  if (faults.length > 0) throw new ConfigFault(faults)
  const directory = resolve(place.directory)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeOnce(
    join(directory, stampName),
    'Made by `drawbridge demo`. `drawbridge serve` refuses this directory.\n',
  )
  writeOnce(join(directory, keyName), `${demoKeyMark}${randomBytes(32).toString('base64')}\n`)
  return { masterKey: `file:${join(directory, keyName)}` }
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
}

const isUsed = (directory: string): boolean => existsSync(directory) && readdirSync(directory).length > 0

/** Does this host name or address lead to this machine and nowhere else? */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
}
