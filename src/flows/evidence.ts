// Keeping what proves an approval, in the unit of the approval itself: what it is, and its digest in the audit event.
import type { Approval, ApprovalPlace } from '../domain/approval.ts'
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import type { Device } from '../domain/device.ts'
import { contentDigest, type EvidenceMaterial, type Strength } from '../domain/evidence.ts'
import type { Institution } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import type { Outcome } from '../domain/outcome.ts'
import { typeNamed } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { EvidenceStore } from '../ports/approvals.ts'
import type { Devices, Directory } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'

export interface KeepEvidencePorts {
  readonly evidence: EvidenceStore
  readonly transactions: Pick<Transactions, 'get'>
  readonly devices: Pick<Devices, 'get'>
  readonly directory: Pick<Directory, 'relyingParty'>
}

/** What was asked, and how it was answered. */
export interface Answered {
  /** What an approval on a page of ours has of these as well. */
  readonly approval: Pick<
    Approval,
    | 'id'
    | 'subject'
    | 'relyingParty'
    | 'origin'
    | 'reference'
    | 'transaction'
    | 'transactionId'
    | 'hash'
    | 'number'
    | 'bindingMessage'
    | 'place'
    | 'createdAt'
    | 'expiresAt'
  > & { readonly nonce: string | undefined; readonly role?: string | undefined }
  readonly text: string
  readonly language: Language
  readonly strength: Strength
  readonly methods: readonly string[]
  /** Which device answered, as it was then. */
  readonly deviceId: string | undefined
  readonly signature: string | undefined
  readonly outcome: EvidenceMaterial['answer']['outcome']
  /** From where it was answered. */
  readonly place: ApprovalPlace
  readonly kilometres: number | undefined
  readonly at: number
}

export type KeepEvidence = ReturnType<typeof createKeepEvidence>

/** Inside a unit; resolves with the digest that the approval's audit event must carry. */
export function createKeepEvidence(ports: KeepEvidencePorts) {
  return async function keepEvidence(institution: Institution, answered: Answered): Promise<string> {
    const { id, transactionId, relyingParty } = answered.approval
    const decided =
      transactionId === undefined ? undefined : await ports.transactions.get(institution.id, transactionId)
    const party = await ports.directory.relyingParty(institution.id, relyingParty)
    const { deviceId } = answered
    const device = deviceId === undefined ? undefined : await ports.devices.get(institution.id, deviceId)
    const around = { decided, device, name: party?.name ?? relyingParty }
    const material = materialOf(institution, answered, around)
    const digest = contentDigest(material)
    await ports.evidence.keep(institution.id, { id, transactionId, digest, material })
    return digest
  }
}

interface Around {
  readonly decided: CustomerTransaction | undefined
  readonly device: Device | undefined
  readonly name: string
}

function materialOf(
  institution: Institution,
  answered: Answered,
  { decided, device, name }: Around,
): EvidenceMaterial {
  const { approval, text, language, strength, methods, signature, at } = answered
  const { transaction } = approval
  return plain({
    ...{ version: 1, institution: institution.id, id: approval.id, reference: approval.reference },
    ...{ subject: approval.subject, strength, methods: [...methods] },
    request: {
      ...{ relyingParty: approval.relyingParty, name, origin: approval.origin },
      ...{ bindingMessage: approval.bindingMessage ?? null, place: approval.place },
      numberMatched: approval.number !== undefined,
      nonce: approval.nonce ?? null,
      ...(approval.role !== undefined && { role: approval.role }),
    },
    transaction: {
      ...{ id: approval.transactionId ?? null, type: transaction?.type ?? null, hash: approval.hash },
      detail: transaction?.detail ?? null,
    },
    display: { text, language, template: templateOf(institution, transaction?.type) },
    policy: decided === undefined ? null : policyIn(decided),
    risk: decided?.inputs.risk === undefined ? [] : [decided.inputs.risk.said],
    device: device === undefined ? null : deviceIn(device),
    signature: signature ?? null,
    answer: {
      ...{ outcome: answered.outcome, place: answered.place, kilometres: answered.kilometres ?? null },
    },
    times: { asked: approval.createdAt, expires: approval.expiresAt, answered: at },
  })
}

const policyIn = ({ policy, decision, inputs }: CustomerTransaction): EvidenceMaterial['policy'] => ({
  version: policy,
  outcome: decision.outcome.kind,
  acr: decision.outcome.kind === 'step-up' ? decision.outcome.acr : null,
  ...(decision.outcome.kind === 'step-up' && asked(decision.outcome)),
  reason: decision.reason,
  inputs,
})

const asked = ({ by, signatories }: Extract<Outcome, { kind: 'step-up' }>) => ({
  ...(by !== undefined && { by }),
  ...(signatories !== undefined && { signatories }),
})

const deviceIn = ({ id, createdAt, approvalKey }: Device): EvidenceMaterial['device'] => ({
  id,
  enrolledAt: createdAt,
  approvalKey: approvalKey?.publicJwk ?? null,
  approvalKeyRegisteredAt: approvalKey?.registeredAt ?? null,
  attestation: null,
})

function templateOf(institution: Institution, type: string | undefined): string | null {
  const found = type === undefined ? undefined : typeNamed(typesOf(institution), type)
  return found === undefined ? null : contentDigest(found.display)
}

/** As JSON has it: integers of money marked, and nothing that is undefined. */
const plain = (material: EvidenceMaterial): EvidenceMaterial =>
  JSON.parse(
    JSON.stringify(material, (_key, one: unknown) =>
      typeof one === 'bigint' ? { $int: one.toString() } : one,
    ),
  ) as EvidenceMaterial
