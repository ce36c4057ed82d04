// `drawbridge apply FILES`: institutions with their relying parties, connections and cores, from files into rows.
import { ConfigFault, type ConfigurationFault, dotted, faultLine } from '../config/faults.ts'
import type { InstitutionFile } from '../config/institution-file.ts'
import { readInstitution, sourceIn } from '../config/institution-reader.ts'
import { areAhead } from '../domain/rates.ts'
import type { Application, RowChange } from '../ports/application.ts'
import { ApplyFault, type JudgedFault, judgedLine } from '../ports/judged.ts'
import type { InstitutionSet } from '../ports/stores.ts'
import { type Command, exit, type Invocation, UsageFault } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'
import { institutionRules, institutionSet } from './institution-set.ts'

export const apply: Command = {
  name: 'apply',
  summary: 'Write institutions from files into the database.',
  operands: 'FILE...',
  description: [
    'One file an institution. What the files say becomes rows; rows that a file made and no longer names are removed.',
    'The same files twice change nothing. Running nodes see the change within two seconds.',
  ].join('\n'),
  options: { ...configOption, 'dry-run': { meaning: 'Say what would change, and change nothing.' } },
  async run(invocation) {
    if (invocation.operands.length === 0) throw new UsageFault('apply needs a file at least')
    const config = configFor(invocation)
    const files = readFiles(invocation.operands)
    const sets = files.map((file) => institutionSet(file, config.timeouts))
    const dryRun = invocation.flag('dry-run')
    const run = withApplication(config, (application) => applied(application, { sets, dryRun, invocation }))
    const fileOf = new Map(
      files.map(({ institution }, i) => [institution.id, invocation.operands[i] as string]),
    )
    return run.catch((error: unknown) => {
      throw error instanceof ApplyFault ? withLines(error, fileOf) : error
    })
  },
}

/** The same faults, with the line of the file where one is of a place in it. */
function withLines({ faults }: ApplyFault, fileOf: ReadonlyMap<string, string>): ApplyFault {
  return new ApplyFault(
    faults.map((fault) => (typeof fault === 'string' ? fault : faultLine(inFile(fault, fileOf)))),
  )
}

/** A fault as the reader of files would have told it; `fileOf` leads from institutions to their files. */
export function inFile(fault: JudgedFault, fileOf: ReadonlyMap<string, string>): ConfigurationFault {
  const file = fileOf.get(fault.institution)
  const { at } = fault
  if (file === undefined || at === undefined) return { path: '', message: judgedLine(fault) }
  return { path: dotted(at), source: sourceIn(file, at), message: fault.message }
}

/** Reads all files before anything is written; throws a ConfigFault with the faults of all of them. */
export function readFiles(names: readonly string[]): InstitutionFile[] {
  const faults: ConfigurationFault[] = []
  const files = names.flatMap((name) => {
    try {
      const file = readInstitution(name, institutionRules)
      faults.push(...aheadFaults(name, file))
      return [file]
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error
      faults.push(...error.faults)
      return []
    }
  })
  if (faults.length > 0) throw new ConfigFault(faults)
  return files
}

/** What a schema cannot tell, which knows no clock. */
function aheadFaults(name: string, { institution }: InstitutionFile): ConfigurationFault[] {
  const asOf = institution.rates?.as_of
  if (asOf === undefined || !areAhead({ asOf: Date.parse(asOf) }, Date.now())) return []
  const at = ['institution', 'rates', 'as_of']
  const message = 'is more than a day ahead: until then these rates would not be used'
  return [{ path: dotted(at), source: sourceIn(name, at), message }]
}

interface Applying {
  readonly sets: readonly InstitutionSet[]
  readonly dryRun: boolean
  readonly invocation: Invocation
}

async function applied(application: Application, { sets, dryRun, invocation }: Applying): Promise<number> {
  const { terminal } = invocation
  if (!dryRun) await application.migrate()
  else if ((await application.pendingMigrations()).length > 0) {
    terminal.error('drawbridge apply: the database is not of this version; run drawbridge migrate first\n')
    return exit.failed
  }
  const { changes } = await application.apply(sets, { dryRun })
  for (const change of changes) terminal.out(`${changeLine(change)}\n`)
  const verb = dryRun ? 'would change' : 'changed'
  terminal.out(changes.length === 0 ? 'nothing to change\n' : `${changes.length} ${verb}\n`)
  return exit.ok
}

const marks: Readonly<Record<RowChange['change'], string>> = { added: '+', changed: '~', removed: '-' }

/** `~ alder core payments: timeoutMs, operations[0].acr` and `~ alder: policy.rules[0].when; loosens rule at-night` */
export function changeLine({ institution, kind, id, change, fields, loosens = [] }: RowChange): string {
  const row = kind === 'institution' ? institution : `${institution} ${kind.replace('_', ' ')} ${id}`
  const named = fields.length === 0 ? '' : `: ${fields.join(', ')}`
  return `${marks[change]} ${row}${named}${loosens.length === 0 ? '' : `; loosens ${loosens.join(', ')}`}`
}
