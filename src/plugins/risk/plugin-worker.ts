// The thread of one risk plugin: checks its hash, loads it, and does what it is asked, with nothing of the process in reach.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isBuiltin, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { SettingsRefused } from '../../ports/connector-settings.ts'
import type { RiskDeadline, RiskProvider } from '../../ports/risk.ts'
import { checkSettings } from '../settings.ts'
import {
  challengeUnable,
  type FirstWord,
  type ListedPlugin,
  longestAnswer,
  type Order,
  type Question,
  type Said,
  type ThreadTask,
  type ThrownWords,
} from './plugin-words.ts'

/** The export `riskPlugin`, as far as we look at it. Its schema may be of a zod of its own. */
interface OutsidePlugin {
  readonly type: string
  readonly meaning: string
  readonly facts: readonly string[]
  readonly challenges?: readonly string[]
  readonly settings: z.ZodType
  open(settings: unknown, host: PluginHost): RiskProvider | Promise<RiskProvider>
}

/** What a plugin is given beside its settings. */
interface PluginHost {
  readonly institution: string
  readonly provider: string
  readonly now: () => number
  readonly memory: {
    get(key: string): Promise<string | undefined>
    put(key: string, value: string, expiresAt: number): Promise<void>
  }
}

const task = workerData as ThreadTask
const say = (said: Said): void => parentPort?.postMessage(said)

const addressOf = ({ file, package: name }: ListedPlugin): string =>
  file === undefined ? import.meta.resolve(name ?? '') : pathToFileURL(file).href

/** Loads the very bytes whose hash was compared, whatever is in the file a moment later. */
async function load(listed: ListedPlugin): Promise<OutsidePlugin> {
  const entry = addressOf(listed)
  const source = readFileSync(fileURLToPath(entry))
  const found = createHash('sha256').update(source).digest('hex')
  if (found !== listed.sha256) throw new Error(`its SHA-256 is ${found}`)
  registerHooks({
    resolve: (specifier, context, next) => {
      const ofEntry = context.parentURL === entry
      if (/^zod($|\/)/.test(specifier)) return zodFor({ ofEntry, listed }, specifier, { context, next })
      // The hash of one file says nothing of others, so there are no others.
      if (ofEntry && listed.file !== undefined && !isBuiltin(specifier))
        throw new Error(`it imports ${specifier.slice(0, 100)}: a plugin in a file is one file`)
      return next(specifier, context)
    },
    load: (url, context, next) => (url === entry ? { ...next(url, context), source } : next(url, context)),
  })
  const { riskPlugin } = await import(entry)
  if (typeof riskPlugin?.open !== 'function') throw new Error('it exports no riskPlugin that opens')
  const { settings } = riskPlugin
  if (typeof settings?.safeParse !== 'function' || !('_zod' in settings))
    throw new Error('riskPlugin.settings is no schema of zod 4')
  return riskPlugin
}

type Resolving = Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>

/** A file has ours; a package has its own where it brings one. */
function zodFor(
  { ofEntry, listed }: { readonly ofEntry: boolean; readonly listed: ListedPlugin },
  specifier: string,
  { context, next }: { readonly context: Resolving[1]; readonly next: Resolving[2] },
): ReturnType<Resolving[2]> {
  const ours = () => ({ url: import.meta.resolve(specifier), shortCircuit: true })
  if (ofEntry && listed.file !== undefined) return ours()
  try {
    return next(specifier, context)
  } catch {
    return ours()
  }
}

/** By the plugin's own zod where its schemas can say themselves. */
function jsonSchemaOf(settings: z.ZodType): string {
  const how = { io: 'input', unrepresentable: 'any' } as const
  return JSON.stringify(settings.toJSONSchema?.(how) ?? z.toJSONSchema(settings, how))
}

const word = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z][\w.-]{0,59}$/.test(value) ? value : undefined

function wordsOf(thrown: unknown): ThrownWords {
  const { code, name } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as ThrownWords
  return { code: word(code), name: word(name) }
}

const longestReason = 300

function refusal(thrown: unknown): FirstWord {
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return { word: 'refused', reason: reason.slice(0, longestReason), thrown: wordsOf(thrown) }
}

function faultsIn(settings: z.ZodType, given: Readonly<Record<string, unknown>>): FirstWord {
  try {
    checkSettings(settings, given)
    return { word: 'checked', faults: [] }
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    return { word: 'checked', faults: error.faults }
  }
}

/** Questions to what the process keeps for this provider, until they are answered. */
const recalls = new Map<number, PromiseWithResolvers<string | undefined>>()
let lastRecall = 0

function asked(said: (id: number) => Said): Promise<string | undefined> {
  const id = ++lastRecall
  const answer = Promise.withResolvers<string | undefined>()
  recalls.set(id, answer)
  say(said(id))
  return answer.promise
}

const hostOf = ({ institution, provider }: { institution: string; provider: string }): PluginHost => ({
  ...{ institution, provider, now: Date.now },
  memory: {
    get: (key) => asked((id) => ({ word: 'recall', id, key })),
    put: async (key, value, expiresAt) =>
      void (await asked((id) => ({ word: 'remember', id, key, value, expiresAt }))),
  },
})

const calls = new Map<number, AbortController>()

/** One question to the plugin, with its own signal. */
async function answer(
  provider: RiskProvider,
  { id, ms, ...question }: Question & { readonly id: number; readonly ms: number },
) {
  const stop = new AbortController()
  calls.set(id, stop)
  try {
    const answered = await asks[question.order](provider, question, { ms, signal: stop.signal })
    const json = JSON.stringify(answered)
    if (json !== undefined && json.length > longestAnswer) say({ word: 'answer', id })
    else say({ word: 'answer', id, ...(json !== undefined && { json }) })
  } catch (error) {
    say({ word: 'failed', id, thrown: wordsOf(error) })
  } finally {
    calls.delete(id)
  }
}

type Ask = (provider: RiskProvider, question: Question, deadline: RiskDeadline) => Promise<unknown>

/** What a plugin has is known when it is open, and no sooner: a report is `false` where it takes none, a challenge is none of its. */
const asks: Readonly<Record<Question['order'], Ask>> = {
  assess: async (provider, { event }, deadline) => provider.assess(event as never, deadline),
  async report(provider, { event }, deadline) {
    if (provider.report === undefined) return false
    await provider.report(event as never, deadline)
    return undefined
  },
  async challenge(provider, question, deadline) {
    if (provider.challenge === undefined || question.order !== 'challenge') throw unable()
    return provider.challenge(question.event, question.kind, deadline)
  },
  async authenticate(provider, question, deadline) {
    if (provider.authenticate === undefined || question.order !== 'authenticate') throw unable()
    return provider.authenticate(question.event, question.challenged, deadline)
  },
}

const unable = (): Error => Object.assign(new Error(challengeUnable), { code: challengeUnable })

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

async function obey(opened: Promise<RiskProvider>, order: Order): Promise<void> {
  if (order.order === 'ping') say({ word: 'pong', id: order.id })
  else if (order.order === 'cancel') calls.get(order.id)?.abort()
  else if (order.order === 'remembered') recalled(order)
  else if (order.order === 'close') {
    await (await opened).close?.()
    say({ word: 'answer', id: order.id })
  } else await answer(await opened, frozen(order))
}

function recalled({ id, value, failed }: Order & { order: 'remembered' }): void {
  const recall = recalls.get(id)
  recalls.delete(id)
  if (failed) recall?.reject(new Error('the memory does not answer'))
  else recall?.resolve(value)
}

async function firstWord(): Promise<FirstWord> {
  const plugin = await load(task.listed)
  const { type, meaning, facts, challenges = [], settings } = plugin
  if (task.kind === 'describe') {
    const schema = jsonSchemaOf(settings)
    return { word: 'described', description: { type, meaning, facts, challenges, schema } }
  }
  if (task.kind === 'check') return faultsIn(settings, task.settings)
  const opened = Promise.withResolvers<RiskProvider>()
  // While it opens it may ask for what it kept.
  parentPort?.on('message', (order: Order) => void obey(opened.promise, order))
  opened.resolve(await plugin.open(settings.parse(task.settings), hostOf(task)))
  return { word: 'serving' }
}

say(await firstWord().catch(refusal))
