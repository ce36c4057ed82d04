// Checking the settings of a connection or a channel by the schema of its plugin.
import type { z } from 'zod'
import { SettingsRefused } from '../ports/connector-settings.ts'

/** Throws SettingsRefused with every fault and its place. */
export function checkSettings(schema: z.ZodType, settings: Readonly<Record<string, unknown>>): void {
  const { error } = schema.safeParse(settings)
  if (error === undefined) return
  // What concerns the whole comes first: a misspelt name explains the missing one.
  const issues = error.issues.toSorted((a, b) => a.path.length - b.path.length)
  throw new SettingsRefused(
    issues.map(({ path, message }) => ({ path: ['settings', ...path].join('.'), message })),
  )
}
