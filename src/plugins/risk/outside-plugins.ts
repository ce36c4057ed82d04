// Risk plugins from outside, as the configuration lists them by hash: loaded once to be described, run in threads (ruling R-31).
import { resolve } from 'node:path'
import { z } from 'zod'
import { textFault } from '../../domain/plain-text.ts'
import { challengeKinds } from '../../domain/risk.ts'
import { riskFactNames } from '../../domain/risk-event.ts'
import { SettingsRefused } from '../../ports/connector-settings.ts'
import type { Log } from '../../ports/log.ts'
import {
  RiskChallengeUnable,
  RiskLearnsNothing,
  type RiskPlace,
  type RiskPlugin,
  type RiskProvider,
} from '../../ports/risk.ts'
import { type FormWords, nodeFields, type SettingNode } from '../settings-form.ts'
import { askPlugin, openPluginThread, PluginFault, type PluginThread } from './plugin-thread.ts'
import { challengeUnable, type ListedPlugin } from './plugin-words.ts'

/** A plugin of the list that cannot be had, in words for the operator; `at` is its place in the list. */
export class PluginRefused extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.name = 'PluginRefused'
    this.at = at
  }
}

export interface OutsidePorts {
  readonly log: Log
  /** Types that are taken: those built in. */
  readonly taken: readonly string[]
}

/** Files are named from where the process was started. Throws PluginRefused for the first that cannot be had. */
export async function loadRiskPlugins(
  listed: readonly ListedPlugin[],
  { log, taken }: OutsidePorts,
): Promise<readonly RiskPlugin[]> {
  const plugins: RiskPlugin[] = []
  for (const [at, one] of listed.entries()) {
    const plugin = await loaded(
      at,
      { ...one, ...(one.file !== undefined && { file: resolve(one.file) }) },
      log,
    )
    if ([...taken, ...plugins.map(({ type }) => type)].includes(plugin.type))
      throw new PluginRefused(at, `its type ${plugin.type} is there already`)
    log.info('risk.plugin', { type: plugin.type, sha256: one.sha256 })
    plugins.push(plugin)
  }
  return plugins
}

const plain = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => textFault(text) === undefined)

const description = z.strictObject({
  type: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  meaning: plain(300),
  facts: z.array(z.enum(riskFactNames as [string, ...string[]])).max(riskFactNames.length),
  challenges: z.array(z.enum(challengeKinds)).max(challengeKinds.length),
  schema: z.string().max(65_536),
})

async function loaded(at: number, listed: ListedPlugin, log: Log): Promise<RiskPlugin> {
  const name = listed.file ?? listed.package
  const said = await askPlugin({ listed, kind: 'describe' }).catch((error: Error) => {
    throw new PluginRefused(at, `${name}: ${error.message}`)
  })
  if (said.word === 'refused') throw new PluginRefused(at, `${name}: ${said.reason}`)
  const { data, error } = description.safeParse(said.word === 'described' ? said.description : undefined)
  if (data === undefined) {
    const places = new Set(error.issues.map(({ path }) => String(path[0] ?? 'riskPlugin')))
    throw new PluginRefused(at, `${name}: its ${[...places].join(', ')} cannot be used`)
  }
  const node = JSON.parse(data.schema) as SettingNode
  return {
    type: data.type,
    meaning: data.meaning,
    facts: data.facts as RiskPlugin['facts'],
    fields: nodeFields(node, wordsIn(node)),
    check: (settings) => checked(listed, settings),
    ...(data.challenges.length > 0 && { challenges: () => data.challenges }),
    open: (place) => openedIn({ listed, place, log, challenges: data.challenges.length > 0 }),
  }
}

/** A plugin names its settings by `title`, and says by `secret` what nobody may see again. */
function wordsIn(node: SettingNode): FormWords {
  const named = nodesIn(node, '')
  return {
    labels: Object.fromEntries(
      named.flatMap(([path, { title }]) => (title === undefined ? [] : [[path, title]])),
    ),
    secrets: named.flatMap(([path, { secret }]) => (secret === true ? [path] : [])),
    asked: [],
  }
}

const nodesIn = ({ properties = {} }: SettingNode, prefix: string): (readonly [string, SettingNode])[] =>
  Object.entries(properties).flatMap(([name, node]) => [
    [`${prefix}${name}`, node] as const,
    ...nodesIn(node, `${prefix}${name}.`),
  ])

async function checked(listed: ListedPlugin, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const said = await askPlugin({ listed, kind: 'check', settings })
  if (said.word !== 'checked') throw new PluginFault('plugin_start')
  if (said.faults.length > 0) throw new SettingsRefused(said.faults)
}

interface Opening {
  readonly listed: ListedPlugin
  readonly place: RiskPlace
  readonly log: Log
  /** It says that it runs some. */
  readonly challenges: boolean
}

function openedIn({ listed, place, log, challenges }: Opening): RiskProvider {
  const { institution, provider, settings, memory } = place
  const thread = openPluginThread({ listed, settings, institution: institution.id, provider, memory, log })
  return {
    // What it answers is judged by the guard, as every provider's answer is.
    assess: async (event, deadline) => (await thread.call({ order: 'assess', event }, deadline)) as never,
    async report(event, deadline) {
      if ((await thread.call({ order: 'report', event }, deadline)) === false) throw new RiskLearnsNothing()
    },
    ...(challenges && challengesIn(thread)),
    close: () => thread.close(),
  }
}

const challengesIn = (thread: PluginThread): Pick<RiskProvider, 'challenge' | 'authenticate'> => ({
  challenge: async (event, kind, deadline) =>
    (await thread.call({ order: 'challenge', event, kind }, deadline).catch(asUnable)) as never,
  authenticate: async (event, challenged, deadline) =>
    (await thread.call({ order: 'authenticate', event, challenged }, deadline)) as never,
})

function asUnable(error: unknown): never {
  const unable = error instanceof PluginFault && error.code === challengeUnable
  throw unable ? new RiskChallengeUnable('the plugin has none for this customer') : error
}
