// `drawbridge evidence verify`: is this file evidence of an approval? For auditors, without the bridge.
import { readFileSync } from 'node:fs'
import { EvidenceKeyFault, type EvidenceVerdict } from '../ports/evidence-verify.ts'
import { type Command, exit, UsageFault } from './command.ts'

export const evidenceVerify: Command = {
  name: 'evidence verify',
  summary: 'Prove an approval from its file of evidence.',
  operands: 'FILE',
  description: [
    'Checks every signature, hash and path in the file, decides again by the policy in it, and says how strong the evidence',
    'is and what it rests on. Needs the public key of the institution, and no configuration, database or network. Ends with',
    'status 0 when all holds and 1 when not.',
  ].join('\n'),
  options: {
    key: { value: 'FILE', meaning: 'The evidence key of the institution: JWK, JWK set or PEM.' },
    'checkpoint-key': { value: 'FILE', meaning: 'The key of its audit log, where you know it.' },
    json: { meaning: 'One JSON object, for programs.' },
  },
  async run(invocation) {
    const { terminal, operands } = invocation
    const [file] = operands
    if (file === undefined || operands.length > 1) throw new UsageFault('evidence verify takes one FILE')
    const key = invocation.text('key')
    if (key === undefined) throw new UsageFault('evidence verify needs --key')
    const checkpointKey = invocation.text('checkpoint-key')
    const request = {
      evidence: bytesOf('FILE', file),
      key: bytesOf('--key', key).toString('utf8'),
      checkpointKey:
        checkpointKey === undefined ? undefined : bytesOf('--checkpoint-key', checkpointKey).toString('utf8'),
    }
    const { verifyEvidence } = await import('../compose/evidence-verify.ts')
    const verdict = await verifyEvidence(request).catch((error: unknown) => {
      throw error instanceof EvidenceKeyFault ? new UsageFault(error.message) : error
    })
    terminal.out(invocation.flag('json') ? `${JSON.stringify(verdict)}\n` : verdictText(verdict))
    return verdict.ok ? exit.ok : exit.failed
  },
}

function bytesOf(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new UsageFault(`${what}: the file ${file} cannot be read`)
  }
}

/** What comes out of a file must not command the terminal. */
const plain = (text: string): string => text.replace(/\p{C}/gu, '\u{fffd}')

function verdictText({ ok, code, fault, checks, about }: EvidenceVerdict): string {
  const lines = checks.map((check) =>
    check.ok
      ? `ok    ${check.name.padEnd(12)} ${check.says}`
      : `FAIL  ${check.name.padEnd(12)} ${check.says} (evidence.${check.name})`,
  )
  const said = about && [
    `of      approval ${about.approval}, reference ${about.reference}, ${about.issuer}`,
    `states  ${about.strength}: ${about.means}`,
    ...about.restsOn.map((one) => `rests   on ${one}`),
  ]
  const end = ok ? 'HOLDS' : `DOES NOT HOLD: ${fault === null ? code : `${fault} (${code})`}`
  return [...lines, ...(said ?? []), end].map((line) => `${plain(line)}\n`).join('')
}
