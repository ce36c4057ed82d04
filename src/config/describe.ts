// The manual of the settings, as Markdown, from the schema.
import { fileVariable } from './environment.ts'
import { defaultFile } from './load.ts'
import { settingsSchema } from './schema.ts'
import { type Section, type Setting, sectionsOf, settingsOf } from './settings-list.ts'

const introduction = `# Configuration

<!-- Printed by \`drawbridge describe-config\`; change src/config/schema.ts, then: npm run docs:configuration -->

These are the settings of the process. Institutions, relying parties, connections and cores are rows in the database,
written by \`drawbridge apply\` (see \`config/institutions/alder.yaml\`).

- They are read from the file that \`--config\` names, else \`${fileVariable}\`, else \`${defaultFile}\`; over it lies the
  environment: each setting has a variable. A list in a variable is separated by commas.
- \`NODE_ENV=production\` makes the mode production; nothing in the environment makes a production file anything else.
  \`DATABASE_URL\` gives the address of the database itself, \`PORT\` the public port.
- A secret is a *reference*: \`env:NAME\` for a variable, \`file:PATH\` for a file, from where the process was started.
- A setting, or a variable that begins with \`DRAWBRIDGE_\`, that does not exist is a fault. \`drawbridge check-config\`
  shows all faults at once.

In production the bridge does not start with the embedded database (unless \`database.allow_embedded_in_production\`
says so) or with a \`public_url\` that is neither https nor loopback. In any mode \`serve\` refuses what the demo made: its
data directory and its master key.
`

/** The whole page. */
export function describe(): string {
  const settings = settingsOf(settingsSchema)
  return [introduction, ...sectionsOf(settingsSchema).map((section) => chapter(section, settings))]
    .filter((part) => part !== '')
    .join('\n')
}

function chapter({ path, meaning }: Section, all: readonly Setting[]): string {
  const own = all.filter((setting) => setting.path.slice(0, -1).join('.') === path.join('.'))
  const title = path.length === 0 ? '## The process' : `##${path.length > 1 ? '#' : ''} ${path.join('.')}`
  const head = meaning === '' ? `${title}\n` : `${title}\n\n${meaning}\n`
  if (own.length === 0) return head
  const rows = own.map((setting) => row(setting))
  return [
    head,
    '| Setting | Type | Default | Variable | Meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function row(setting: Setting): string {
  const name = setting.path.at(-1) ?? ''
  const cells = [`\`${name}\``, setting.type, fallbackOf(setting), `\`${setting.variable}\``, setting.meaning]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function fallbackOf({ fallback, required }: Setting): string {
  if (required) return '**required**'
  if (fallback === undefined) return 'none'
  return Array.isArray(fallback) && fallback.length === 0 ? 'empty' : `\`${String(fallback)}\``
}
