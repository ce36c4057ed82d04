// Plugins from outside as tests write them: a file in a folder of its own, listed by its hash.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadRiskPlugins } from '../../src/plugins/risk/outside-plugins.ts'
import type { ListedPlugin } from '../../src/plugins/risk/plugin-words.ts'
import type { Log } from '../../src/ports/log.ts'
import { createKeptLog } from './risk-rig.ts'

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

/** A plugin whose `assess` has this body; it is given `id`, `facts`, `deadline`, `settings`, `host`. */
export const pluginSource = (body: string, before = ''): string => `import { z } from 'zod'
${before}
export const riskPlugin = {
  type: 'outside', meaning: 'A plugin of the tests.', facts: ['app.id', 'subject.id'], settings: z.looseObject({}),
  open: (settings, host) => ({
    assess: async (event, deadline) => {
      const { id, facts } = event
      ${body}
    },
  }),
}
`

export function createPluginFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-plugins-'))
  let last = 0
  return {
    folder,
    listed(source: string, ending = 'mjs'): ListedPlugin & { readonly file: string } {
      const file = join(folder, `plugin-${++last}.${ending}`)
      writeFileSync(file, source)
      return { file, sha256: sha256(source) }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** The one plugin of a file; its hash is taken as it is. */
export async function loadedFrom(listed: ListedPlugin, log: Log = createKeptLog()) {
  const [plugin] = await loadRiskPlugins([listed], { log, taken: [] })
  if (plugin === undefined) throw new Error('no plugin')
  return plugin
}

/** The JavaScript of docs/plugins-in-process.md: the plugin that it begins with, and the one that runs challenges. */
export function documentedPlugin(which: 'first' | 'challenges' = 'first'): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/plugins-in-process.md'), 'utf8')
  const examples = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  return examples[which === 'first' ? 0 : 1] ?? ''
}
