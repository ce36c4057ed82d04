// One more node of a bridge, as a process of its own: settings from the parent, its address back to it.
import { compose } from '../../src/compose/compose.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'

process.once('message', async (message: { settings: SettingsInput; databaseUrl: string }) => {
  const { settings, databaseUrl } = message
  const application = await compose(loadSettings(settings, { DATABASE_URL: databaseUrl }, { demo: true }))
  const { listening } = await application.start()
  process.once('message', async () => {
    await application.stop()
    process.exit(0)
  })
  process.send?.({ listening })
})
