// `drawbridge describe-config`: docs/configuration.md, printed from the schema.
import { describe } from '../config/describe.ts'
import { type Command, exit } from './command.ts'

export const describeConfig: Command = {
  name: 'describe-config',
  summary: 'Print the manual of all settings (Markdown).',
  description:
    'Prints docs/configuration.md: every setting with its type, default, environment variable and meaning.',
  options: {},
  async run({ terminal }) {
    terminal.out(describe())
    return exit.ok
  },
}
