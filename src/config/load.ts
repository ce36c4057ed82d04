// Loading: defaults, then the file, then the environment; checked as a whole, with every fault at once.
import { existsSync } from 'node:fs'
import { isAbsolute, resolve as resolvePath } from 'node:path'
import { type Config, configOf, type Secrets } from './config.ts'
import { isDemoDirectory, isLoopback } from './demo-stamp.ts'
import { fileVariable, isTree, type Overlay, overlaid, overlayOf } from './environment.ts'
import { ConfigFault, type ConfigurationFault, faultsOf, type PlacedFault, placed } from './faults.ts'
import { type Settings, type SettingsInput, settingsSchema } from './schema.ts'
import { demoKeyMark, type Environment, keyBytes, resolve, type Secret, secret } from './secret.ts'
import { keysAt, variableOf } from './settings-list.ts'
import { readYaml, type YamlFile } from './yaml-file.ts'

/** Where the file is when nobody says. */
export const defaultFile = 'config/drawbridge.yaml'

/** There is nothing to load; `serve` then ends with status 78 (ruling R-12). */
export class NoConfiguration extends Error {
  constructor() {
    super(
      `no configuration: there is no ${defaultFile}, and neither --config nor ${fileVariable} names another file`,
    )
    this.name = 'NoConfiguration'
  }
}

export interface LoadOptions {
  /** The YAML file; else the one that DRAWBRIDGE_CONFIG names; else `config/drawbridge.yaml`. */
  readonly file?: string
  readonly env: Environment
}

/** Loads the settings of a process that serves. Throws NoConfiguration or a ConfigFault with all faults. */
export function load({ file, env }: LoadOptions): Config {
  const named = file ?? env[fileVariable]
  if (named === undefined && !existsSync(defaultFile)) throw new NoConfiguration()
  return checked(readYaml(named ?? defaultFile), env, false)
}

/** Checks settings that stand in code (the demo, tests): the same rules, and the environment over them. */
export function loadSettings(settings: SettingsInput, env: Environment, { demo = false } = {}): Config {
  return checked({ name: 'settings', value: settings, sourceOf: () => 'settings' }, env, demo)
}

function checked(file: YamlFile, env: Environment, demo: boolean): Config {
  const overlay = overlayOf(env, referredIn(file.value, env))
  const tree = overlaid(file.value ?? {}, overlay.tree)
  const parsed = settingsSchema.safeParse(tree)
  const resolved = secretsOf(tree, env, demo)
  const found = [
    ...overlay.faults,
    ...relaxed(file.value, env),
    ...(parsed.success ? rules(parsed.data, resolved.databaseUrl, demo) : ruleFree(parsed.error)),
    ...resolved.faults,
  ]
  if (parsed.success && resolved.master !== undefined && found.length === 0) {
    return configOf(parsed.data, { databaseUrl: resolved.databaseUrl, master: resolved.master })
  }
  throw new ConfigFault(found.map((fault) => withSource(fault, overlay, file)))
}

/** A file that says production means it: whoever can set variables must not thereby switch its rules off. */
function relaxed(value: unknown, env: Environment): PlacedFault[] {
  const variable = variableOf(['mode'])
  const written = isTree(value) ? value.mode : undefined
  if (written !== 'production' || env[variable] === undefined || env[variable] === 'production') return []
  return [placed(['mode'], `the file says production; ${variable} cannot take that back`)]
}

const ruleFree = (error: Parameters<typeof faultsOf>[0]): PlacedFault[] =>
  faultsOf(error, (path) => keysAt(settingsSchema, path))

function withSource({ parts, path, message, source }: PlacedFault, overlay: Overlay, file: YamlFile) {
  const from = source ?? overlay.sources.get(parts.join('.')) ?? file.sourceOf(parts)
  return { path, message, source: from } satisfies ConfigurationFault
}

/** Variables that hold what `env:` references ask for. */
function referredIn(value: unknown, env: Environment): ReadonlySet<string> {
  const texts = [...textsIn(value), ...Object.values(env)]
  return new Set(texts.flatMap((text) => (text?.startsWith('env:') ? [text.slice(4)] : [])))
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

interface Resolved extends Partial<Secrets> {
  readonly faults: readonly PlacedFault[]
}

function secretsOf(tree: unknown, env: Environment, demo: boolean): Resolved {
  const faults: PlacedFault[] = []
  const master = masterKey(at(tree, 'keys', 'master'), { env, demo, faults })
  const databaseUrl = database(at(tree, 'database', 'url'), env, faults)
  return { databaseUrl, ...(master !== undefined && { master }), faults }
}

interface KeyReading {
  readonly env: Environment
  readonly demo: boolean
  readonly faults: PlacedFault[]
}

const isReference = (value: unknown): value is string =>
  typeof value === 'string' && /^(env|file):./.test(value)

function masterKey(reference: unknown, { env, demo, faults }: KeyReading): Secret<Uint8Array> | undefined {
  const fault = (message: string) => {
    faults.push(placed(['keys', 'master'], message))
  }
  // A missing or malformed reference is the schema's fault to tell.
  if (!isReference(reference)) return undefined
  const found = resolve(reference, env)
  if ('reason' in found) {
    fault(found.reason)
    return undefined
  }
  const marked = found.text.startsWith(demoKeyMark)
  if (marked && !demo) fault('this is a key of the demo; make one: openssl rand -base64 32')
  const bytes = keyBytes(marked ? found.text.slice(demoKeyMark.length) : found.text)
  if (bytes === undefined) fault('32 bytes as base64 or hex are needed: openssl rand -base64 32')
  else if (new Set(bytes).size < 8) fault('this key is not random: openssl rand -base64 32')
  return bytes === undefined ? undefined : secret(bytes)
}

/** DATABASE_URL gives the address itself, as platforms do; the setting gives it by reference and comes first. */
function database(reference: unknown, env: Environment, faults: PlacedFault[]): Secret<string> | undefined {
  const found = isReference(reference) ? resolve(reference, env) : { text: env.DATABASE_URL ?? '' }
  const source = isReference(reference) ? {} : { source: 'DATABASE_URL' }
  const fault = (message: string) => {
    faults.push({ ...placed(['database', 'url'], message), ...source })
  }
  if ('reason' in found) {
    fault(found.reason)
    return undefined
  }
  if (found.text === '') return undefined
  // The address may hold a password, so it is never repeated.
  if (!/^postgres(ql)?:$/.test(URL.parse(found.text)?.protocol ?? ''))
    fault('a postgres:// address is needed')
  return secret(found.text)
}

function at(tree: unknown, section: string, key: string): unknown {
  const inner = isTree(tree) ? tree[section] : undefined
  return isTree(inner) ? inner[key] : undefined
}

/** What no single setting can say of itself: production, and the demo's leavings (ruling R-12, attack 243). */
function rules(settings: Settings, databaseUrl: Secret<string> | undefined, demo: boolean): PlacedFault[] {
  const faults: PlacedFault[] = []
  const fault = (path: string[], message: string) => faults.push(placed(path, message))
  const { mode, database: storage, public_url, listen, management } = settings
  const directory = isAbsolute(storage.data_directory)
    ? storage.data_directory
    : resolvePath(storage.data_directory)
  if (!demo && databaseUrl === undefined && isDemoDirectory(directory)) {
    fault(
      ['database', 'data_directory'],
      `${storage.data_directory} was made by the demo; name another directory`,
    )
  }
  if (listen.port === management.port && listen.port !== 0) {
    fault(['management', 'port'], 'the management port must not be the public one')
  }
  const { prepare_days, promote_days, published_hours } = settings.keys.renewal
  if ((prepare_days - promote_days) * 24 < published_hours) {
    const least = promote_days + Math.ceil(published_hours / 24)
    fault(
      ['keys', 'renewal', 'prepare_days'],
      `${least} at least: promote_days and the time of being published`,
    )
  }
  if (mode !== 'production') return faults
  if (databaseUrl === undefined && !storage.allow_embedded_in_production) {
    fault(
      ['database', 'url'],
      'production needs a PostgreSQL server (DATABASE_URL); the embedded database does not fsync. ' +
        'Set mode: development to try things out, or allow_embedded_in_production: true to accept the loss',
    )
  }
  const address = new URL(public_url)
  if (address.protocol !== 'https:' && !isLoopback(address.hostname)) {
    fault(['public_url'], 'production needs https')
  }
  return faults
}
