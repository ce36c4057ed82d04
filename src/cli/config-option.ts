// The option that names the configuration, and loading by it.
import type { Config } from '../config/config.ts'
import { defaultFile, load } from '../config/load.ts'
import type { Application } from '../ports/application.ts'
import type { Invocation, Option } from './command.ts'

export const configOption: Readonly<Record<string, Option>> = {
  config: {
    value: 'FILE',
    meaning: `Settings of the process. Else DRAWBRIDGE_CONFIG, else ${defaultFile}.`,
  },
}

/** The configuration that the command line and the environment name. Throws NoConfiguration or ConfigFault. */
export function configFor({ terminal, text }: Invocation): Config {
  const file = text('config')
  return load({ env: terminal.env, ...(file !== undefined && { file }) })
}

/** Composes the bridge for one piece of work and closes it afterwards, however that ends. */
export async function withApplication<T>(
  config: Config,
  work: (bridge: Application) => Promise<T>,
): Promise<T> {
  const { compose } = await import('../compose/compose.ts')
  const application = await compose(config)
  try {
    return await work(application)
  } finally {
    await application.stop()
  }
}
