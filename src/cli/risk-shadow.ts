// `drawbridge risk shadow`: what risk providers in shadow would have changed.
import type { ShadowCount } from '../ports/risk-records.ts'
import { type Command, exit, UsageFault } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'

const dayMs = 24 * 3600_000

export const riskShadow: Command = {
  name: 'risk shadow',
  summary: 'Tell what risk providers in shadow would have changed.',
  description: [
    'Providers that an event names under `shadow` are asked afterwards, without effect. For each of them: how many events',
    'would have ended as they did, and how many otherwise, from what was done to what would have been.',
  ].join('\n'),
  options: {
    ...configOption,
    institution: { value: 'ID', meaning: 'Whose.' },
    days: { value: 'DAYS', meaning: 'Of the last so many days.', default: '30' },
    json: { meaning: 'One JSON object, for programs.' },
  },
  async run(invocation) {
    const institution = invocation.text('institution')
    if (institution === undefined) throw new UsageFault('risk shadow needs --institution ID')
    const days = Number(invocation.text('days'))
    if (!Number.isInteger(days) || days < 1 || days > 3660)
      throw new UsageFault('--days: 1 to 3660 are needed')
    const since = Date.now() - days * dayMs
    const counts = await withApplication(configFor(invocation), ({ riskShadows }) =>
      riskShadows.counts(institution, since),
    )
    const { terminal } = invocation
    if (invocation.flag('json')) terminal.out(`${JSON.stringify({ institution, days, counts })}\n`)
    else terminal.out(`${shadowLines(counts).join('\n')}\n`)
    return exit.ok
  },
}

/** `payment, vendor: 912 as they were; 31 allow -> step-up` */
export function shadowLines(counts: readonly ShadowCount[]): string[] {
  const groups = Map.groupBy(counts, ({ kind, provider }) => `${kind}, ${provider}`)
  if (groups.size === 0) return ['nobody was asked in shadow']
  return [...groups].map(([name, all]) => {
    const same = all.filter(({ action, wouldBe }) => action === wouldBe)
    const kept = same.reduce((sum, { times }) => sum + times, 0)
    const other = all.filter(({ action, wouldBe }) => action !== wouldBe)
    const changes = other.map(({ action, wouldBe, times }) => `${times} ${action} -> ${wouldBe}`)
    return `${name}: ${[`${kept} as they were`, ...changes].join('; ')}`
  })
}
