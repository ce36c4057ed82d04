// Handing out what proves an approval: put together from what was kept and from the log, signed, and told to the audit.
import { noteIsBy, readNote } from '../domain/checkpoint.ts'
import { contentDigest } from '../domain/evidence.ts'
import {
  detached,
  type EvidenceBundle,
  type EvidenceFile,
  evidenceFormat,
  evidenceTyp,
  type SignatoryEvidence,
  signingInput,
} from '../domain/evidence-bundle.ts'
import type { Institution } from '../domain/institution.ts'
import { leafHash, verifyInclusion } from '../domain/merkle.ts'
import { Refusal } from '../domain/refusal.ts'
import type { EvidenceStore, KeptEvidence } from '../ports/approvals.ts'
import type { AuditProofs, LoggedAt } from '../ports/audit-log.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Policies } from '../ports/transactions.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { versionOf } from './policies.ts'

export interface EvidenceExportPorts {
  readonly evidence: EvidenceStore
  readonly auditProofs: AuditProofs
  readonly policies: Policies
  readonly keys: Pick<KeyStore, 'signer' | 'publicJwk'>
  readonly unit: UnitOfWork
  readonly audit: Audit
  /** Waits, in milliseconds. */
  readonly rest: (ms: number) => Promise<unknown>
}

/** Of which approval, and who wants it: an API of the bank gets those that it asked for itself. */
export type WantedEvidence = ({ readonly transaction: string } | { readonly approval: string }) & {
  readonly by: { readonly api: string } | { readonly administrator: string }
}

export type EvidenceExport = ReturnType<typeof createEvidenceExport>

// The log takes in what was committed within a second or so (audit.sequencer_interval_ms).
const lookMs = 150
const looks = 20

export function createEvidenceExport(ports: EvidenceExportPorts) {
  return {
    /** Is anything kept of an approval of this transaction? */
    has: async (institution: string, transaction: string): Promise<boolean> =>
      (await ports.evidence.ofTransaction(institution, transaction)) !== undefined,
    /**
     * Inside a unit, which it commits before it waits. Refuses with `evidence.unknown` (also what another API asked for),
     * `evidence.pending {retryAfterSeconds}` while the log has not taken the approval in, and `evidence.broken` where what is
     * kept is not what was logged.
     */
    async export(institution: Institution, issuer: string, wanted: WantedEvidence): Promise<EvidenceFile> {
      const kept = await keptOf(ports, institution.id, wanted)
      const { policy } = kept.material
      const signatories = await signatoriesOf(ports, institution.id, kept)
      const bundle: EvidenceBundle = {
        ...{ format: evidenceFormat, version: 1, issuer },
        ...(await proven(ports, institution.id, kept)),
        policy:
          policy === null ? null : ((await versionOf(ports.policies, institution, policy.version)) ?? null),
        ...(signatories !== undefined && { signatories }),
      }
      const file = await signed(ports, institution.id, bundle)
      tell(ports.audit, kept, wanted)
      return file
    },
  }
}

const broken = ({ id }: KeptEvidence) => new Refusal('evidence.broken', { evidence: id })

async function keptOf(
  { evidence }: EvidenceExportPorts,
  institution: string,
  wanted: WantedEvidence,
): Promise<KeptEvidence> {
  const kept =
    'transaction' in wanted
      ? await evidence.ofTransaction(institution, wanted.transaction)
      : await evidence.get(institution, wanted.approval)
  const { by } = wanted
  const theirs = 'administrator' in by || kept?.material.request.relyingParty === by.api
  if (kept === undefined || !theirs) throw new Refusal('evidence.unknown')
  return kept
}

/** What was kept, with the event that has its digest. */
async function proven(
  ports: EvidenceExportPorts,
  institution: string,
  kept: KeptEvidence,
): Promise<SignatoryEvidence> {
  const { body, logged } = await inLog(ports, institution, kept)
  if (!(await isWhole(ports, institution, { kept, body, logged }))) throw broken(kept)
  return {
    ...{ material: kept.material, digest: kept.digest },
    audit: {
      ...{ event: body, index: logged.index, checkpoint: logged.checkpoint },
      proof: logged.path.map((hash) => hash.toString('base64')),
      key: await ports.keys.publicJwk(institution, 'checkpoint'),
    },
  }
}

/** Of all who signed by now beside who began it; undefined where nobody had to, and for one of them. */
async function signatoriesOf(
  ports: EvidenceExportPorts,
  institution: string,
  { material, transactionId }: KeptEvidence,
): Promise<SignatoryEvidence[] | undefined> {
  const isTheirs = material.request.origin === 'signatory'
  if (isTheirs || transactionId === undefined || material.policy?.signatories === undefined) return undefined
  const all: SignatoryEvidence[] = []
  for (const kept of await ports.evidence.ofSignatories(institution, transactionId))
    all.push(await proven(ports, institution, kept))
  return all
}

interface InLog {
  readonly body: string
  readonly logged: LoggedAt
}

/** The event of the approval, as soon as it is in the log. */
async function inLog(
  { auditProofs, unit, rest }: EvidenceExportPorts,
  institution: string,
  kept: KeptEvidence,
): Promise<InLog> {
  for (let look = 1; ; look += 1) {
    const found = await auditProofs.ofEvidence(institution, kept.digest)
    // It was committed with what is kept.
    if (found === undefined) throw broken(kept)
    if (found.logged !== undefined) return { body: found.body, logged: found.logged }
    if (look === looks) throw new Refusal('evidence.pending', { evidence: kept.id, retryAfterSeconds: 2 })
    await unit.checkpoint()
    await rest(lookMs)
  }
}

/** We put our name to nothing that somebody with the database has changed. */
async function isWhole(
  { keys }: EvidenceExportPorts,
  institution: string,
  { kept, body, logged }: InLog & { readonly kept: KeptEvidence },
): Promise<boolean> {
  const { index, path, checkpoint } = logged
  const note = readNote(checkpoint)
  if (note === undefined || contentDigest(kept.material) !== kept.digest) return false
  const { x } = await keys.publicJwk(institution, 'checkpoint')
  const { size, root } = note
  return (
    noteIsBy(note, Buffer.from(String(x), 'base64url')) &&
    verifyInclusion({ leaf: leafHash(body), index, size, root }, path)
  )
}

async function signed(
  { keys, unit }: EvidenceExportPorts,
  institution: string,
  bundle: EvidenceBundle,
): Promise<EvidenceFile> {
  const signer = await keys.signer(institution, 'evidence')
  await unit.checkpoint()
  const input = signingInput({ alg: signer.algorithm, kid: signer.kid, typ: evidenceTyp }, bundle)
  return { bundle, signature: detached(input, await signer.sign(input)) }
}

function tell(audit: Audit, { material }: KeptEvidence, { by }: WantedEvidence): void {
  const { id, reference, subject, request, transaction } = material
  audit.record({
    ...{ type: 'evidence.exported', outcome: 'ok', reference, subject },
    ...{ relyingParty: request.relyingParty, transaction: transaction.hash },
    detail: { approval: id, ...('api' in by ? { api: by.api } : { by: by.administrator }) },
  })
}
