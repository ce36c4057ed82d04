// `drawbridge migrate`: brings the database to this version.
import { type Command, exit } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'

export const migrate: Command = {
  name: 'migrate',
  summary: 'Bring the database to this version.',
  description: [
    'Migrations go forward only, one node at a time. `serve` does the same at its start; use this where the process',
    'that serves may not change tables, or to see beforehand that a release fits.',
  ].join('\n'),
  options: configOption,
  run: (invocation) =>
    withApplication(configFor(invocation), async (application) => {
      const { applied } = await application.migrate()
      for (const name of applied) invocation.terminal.out(`applied ${name}\n`)
      if (applied.length === 0) invocation.terminal.out('nothing to apply\n')
      return exit.ok
    }),
}
