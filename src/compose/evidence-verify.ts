// Evidence before the checks: no database, no configuration, no network; the file and the keys that were given.
import { type EvidenceMaterial, strengthMeans } from '../domain/evidence.ts'
import { attached, type EvidenceFile } from '../domain/evidence-bundle.ts'
import {
  type EvidenceCheck,
  evidenceChecks,
  type PublicJwk,
  type ReadJws,
} from '../domain/evidence-checks.ts'
import { readEvidence } from '../plugins/evidence/file.ts'
import { jwsBy, publicKeysIn } from '../plugins/evidence/keys.ts'
import type { EvidenceAbout, EvidenceVerdict, EvidenceVerifyRequest } from '../ports/evidence-verify.ts'

/** Throws EvidenceKeyFault where there is no key to verify by; the evidence itself may be anything. */
export async function verifyEvidence(request: EvidenceVerifyRequest): Promise<EvidenceVerdict> {
  const keys = publicKeysIn(request.key, '--key')
  const checkpointKeys =
    request.checkpointKey === undefined ? undefined : publicKeysIn(request.checkpointKey, '--checkpoint-key')
  const read = readEvidence(request.evidence)
  if ('fault' in read) return { ok: false, code: 'evidence.file', fault: read.fault, checks: [], about: null }
  const checks = await checked(read.file, keys, checkpointKeys)
  const failed = checks.find(({ ok }) => !ok)
  return {
    ok: failed === undefined,
    code: failed === undefined ? null : `evidence.${failed.name}`,
    fault: null,
    checks,
    about: aboutOf(read.file, checkpointKeys !== undefined),
  }
}

async function checked(
  file: EvidenceFile,
  keys: readonly PublicJwk[],
  checkpointKeys: readonly PublicJwk[] | undefined,
): Promise<EvidenceCheck[]> {
  const { material, signatories = [] } = file.bundle
  return evidenceChecks({
    bundle: file.bundle,
    signature: await jwsBy(attached(file), keys),
    answer: await answerIn(material),
    signed: await Promise.all(signatories.map((one) => answerIn(one.material))),
    checkpointKeys,
  })
}

/** The answer of the device, by the key that the material names; undefined where there is none. */
async function answerIn({ signature, device }: EvidenceMaterial): Promise<ReadJws | undefined> {
  const approvalKey = device?.approvalKey ?? undefined
  return signature === null || approvalKey === undefined ? undefined : jwsBy(signature, [approvalKey])
}

function aboutOf(
  { bundle: { issuer, material, signatories } }: EvidenceFile,
  knownLog: boolean,
): EvidenceAbout {
  const { id, reference, strength, signature } = material
  return {
    ...{ issuer, approval: id, reference, strength, means: strengthMeans[strength] },
    restsOn: [
      'the evidence key that you gave',
      knownLog
        ? 'the key of the log that you gave'
        : 'the key of the log as the institution names it in this file: nothing here shows that it is the only log (--checkpoint-key)',
      ...(signature === null
        ? ['the institution’s own log, since no key of the customer signed']
        : ['the institution’s word that the approval key is this customer’s']),
      ...(signatories === undefined
        ? []
        : ['the institution’s word that those who signed as well may sign for this account']),
    ],
  }
}
