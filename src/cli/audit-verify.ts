// `drawbridge audit verify`: proves that the audit log is whole, or names the first bad event.
import { readFileSync } from 'node:fs'
import type { InstitutionAuditReport } from '../ports/application.ts'
import { type Command, exit, UsageFault } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'

export const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Prove that the audit log is whole.',
  description: [
    'Reads every event, checks its hash, the numbers of every node and every signed checkpoint, and ends with status 1',
    'when something does not fit. With --since the log must also still begin with a checkpoint that you kept elsewhere:',
    'only that shows that nobody rewrote the whole log.',
  ].join('\n'),
  options: {
    ...configOption,
    institution: { value: 'ID', meaning: 'Only this one; else all.' },
    since: { value: 'FILE', meaning: 'A checkpoint note that was kept; needs --institution.' },
    json: { meaning: 'One JSON object, for programs.' },
  },
  async run(invocation) {
    const { terminal } = invocation
    const institution = invocation.text('institution')
    const since = noteIn(invocation.text('since'))
    if (since !== undefined && institution === undefined) throw new UsageFault('--since needs --institution')
    const reports = await withApplication(configFor(invocation), (application) =>
      application.verifyAudit({ institution, since }),
    )
    // Every institution has an event at least, that of its being applied; a log without any is none, or was wiped.
    const empty = reports.filter((report) => report.events + report.pending === 0)
    const ok = reports.every((report) => report.ok) && empty.length === 0
    if (invocation.flag('json')) terminal.out(`${JSON.stringify({ ok, reports })}\n`)
    else for (const report of reports) terminal.out(`${reportLine(report)}\n`)
    for (const report of empty) terminal.error(`${report.institution} has no audit log\n`)
    return ok ? exit.ok : exit.failed
  },
}

function noteIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new UsageFault(`--since: the file ${file} cannot be read`)
  }
}

/** `alder: whole, 120 events, 3 pending, 17 checkpoints` */
export function reportLine(report: InstitutionAuditReport): string {
  const { institution, events, pending, unfinished, checkpoints, firstBad } = report
  const open = unfinished === 0 ? '' : `, ${unfinished} unfinished`
  const counts = `${events} events, ${pending} pending, ${checkpoints} checkpoints${open}`
  if (report.ok) return `${institution}: whole, ${counts}`
  const place = [
    firstBad?.index === undefined ? undefined : `event ${firstBad.index}`,
    firstBad?.node === undefined ? undefined : `node ${firstBad.node} number ${firstBad.counter}`,
  ].filter((part) => part !== undefined)
  return `${institution}: NOT WHOLE, first bad: ${[...place, firstBad?.reason].join(', ')} (${counts})`
}
