// Audit events: what is recorded, in which words.
import type { RefusalCode } from './refusal.ts'

export const auditTypes = [
  'par.accepted',
  'par.refused',
  'login.started',
  'login.connection_chosen',
  'login.upstream_asked',
  'login.upstream_answered',
  'login.refused',
  'login.cancelled',
  'login.finished',
  'authorization.issued',
  'authorization.refused',
  'step_up.tried',
  'step_up.passed',
  'step_up.locked',
  'code.withheld',
  'consent.given',
  'token.issued',
  'token.refreshed',
  'token.refused',
  'token.reuse_detected',
  'token.revoked',
  'session.ended',
  'subject.disabled',
  'subject.enabled',
  'mandate.changed',
  'mandate.removed',
  'freeze.set',
  'freeze.lifted',
  'logout.upstream_asked',
  'logout.upstream_answered',
  'logout.notified',
  'logout.unheard',
  'ping.sent',
  'ping.failed',
  'risk.assessed',
  'risk.reported',
  'risk.unreported',
  'risk.questions_set',
  'risk.tried',
  'risk.changed',
  'transaction.decided',
  'transaction.signing',
  'transaction.approved',
  'transaction.used',
  'transaction.released',
  'transaction.held',
  'case.opened',
  'case.proposed',
  'case.sent_back',
  'case.released',
  'case.stopped',
  'case.expired',
  'approval.asked',
  'approval.approved',
  'approval.denied',
  'approval.reported',
  'approval.refused',
  'approval.held',
  'approval.withdrawn',
  'evidence.exported',
  'approval_key.registered',
  'user_code.set',
  'limits.changed',
  'device.enrolled',
  'device.activated',
  'device.refused',
  'device.revoked',
  'pin.set',
  'delivery.sent',
  'delivery.failed',
  'delivery.confirmed',
  'call.signed',
  'call.answered',
  'call.refused',
  'call.failed',
  'configuration.applied',
  'policy.changed',
  'relying_party.changed',
  'connection.changed',
  'connection.metadata_refreshed',
  'connection.test_started',
  'connection.tested',
  'console.signed_in',
  'console.signed_out',
  'console.refused',
  'administrator.invited',
  'administrator.invitation_withdrawn',
  'administrator.added',
  'administrator.changed',
  'administrator.removed',
  'break_glass.registered',
  'break_glass.removed',
  'break_glass.used',
  'break_glass.refused',
  'break_glass.seen',
  'request.refused',
  'key.prepared',
  'key.certified',
  'key.promoted',
  'key.retired',
  'key.dropped',
  'expiry.warned',
  'retention.removed',
  'audit.void',
] as const
export type AuditType = (typeof auditTypes)[number]

/** One thing that happened. `subject` is our own pseudonym; what names a person goes into `personal` and is sealed. */
export interface AuditEvent {
  readonly type: AuditType
  readonly outcome: 'ok' | 'refused'
  readonly code?: RefusalCode | string
  readonly reference?: string
  readonly relyingParty?: string
  readonly connection?: string
  readonly subject?: string
  readonly device?: string
  readonly transaction?: string
  readonly core?: string
  readonly detail?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  readonly personal?: Readonly<Record<string, string>>
}

/** Whom an event concerns: the client, and the customer where one is known. */
export type AuditTrace = Omit<AuditEvent, 'type' | 'outcome' | 'code' | 'reference' | 'personal'> & {
  readonly relyingParty: string
}
