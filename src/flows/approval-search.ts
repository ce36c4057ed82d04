// What customers were asked out of band, for those at the bank who look after it: never the number, nonce or request.
import type { Approval } from '../domain/approval.ts'
import type { EvidenceMaterial } from '../domain/evidence.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ApprovalFilter, Approvals, EvidenceStore } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'

export interface ApprovalSearchPorts {
  readonly approvals: Pick<Approvals, 'get' | 'list'>
  readonly evidence: Pick<EvidenceStore, 'get'>
  readonly clock: Clock
}

/** An approval without what would let somebody answer it or take its result. */
export type SeenApproval = Omit<Approval, 'number' | 'nonce' | 'request'>

/** How it was answered with yes, from what is kept as evidence, and the digest that the audit has of that. */
export interface SeenEvidence extends Pick<EvidenceMaterial, 'strength' | 'methods'> {
  readonly digest: string
  readonly numberMatched: boolean
  readonly answeredAt: number
}

export type ApprovalSearch = ReturnType<typeof createApprovalSearch>

export function createApprovalSearch({ approvals, evidence, clock }: ApprovalSearchPorts) {
  return {
    /** Newest first; with the moment by which open ones are told from lapsed ones. */
    async list(institution: string, filter: Omit<ApprovalFilter, 'now'>) {
      const now = clock.now()
      const found = await approvals.list(institution, { ...filter, now })
      return { now, found: found.map(seen) }
    },
    /** Refuses with `request.not_found` for what this institution does not have. */
    async one(institution: string, id: string) {
      const approval = await approvals.get(institution, id)
      if (approval === undefined) throw new Refusal('request.not_found', { approval: id })
      return { one: seen(approval), evidence: await evidenceOf(evidence, approval), now: clock.now() }
    },
  }
}

const seen = ({ number: _number, nonce: _nonce, request: _request, ...rest }: Approval): SeenApproval => rest

async function evidenceOf(
  evidence: ApprovalSearchPorts['evidence'],
  { institution, id }: Approval,
): Promise<SeenEvidence | undefined> {
  const kept = await evidence.get(institution, id)
  if (kept === undefined) return undefined
  const { strength, methods, request, times } = kept.material
  const { digest } = kept
  return { strength, methods, digest, numberMatched: request.numberMatched, answeredAt: times.answered }
}
