// Which refusals share their words: a code without a group does not compile.
import type { RefusalCode } from '../../domain/refusal.ts'

/** What a page may have to tell: every refusal, and the failure that nobody foresaw. */
export type PageCode = RefusalCode | 'unexpected'

export const groupOf = {
  'saml.malformed': 'answer-unsafe',
  'saml.schema': 'answer-unsafe',
  'saml.shape': 'answer-unsafe',
  'saml.signature_missing': 'answer-unsafe',
  'saml.signature_invalid': 'answer-unsafe',
  'saml.algorithm': 'answer-unsafe',
  'saml.issuer': 'answer-unsafe',
  'saml.destination': 'answer-unsafe',
  'saml.recipient': 'answer-unsafe',
  'saml.audience': 'answer-unsafe',
  'saml.subject': 'answer-unsafe',
  'saml.authn_context': 'answer-unsafe',
  'saml.condition': 'answer-unsafe',
  'saml.attribute': 'answer-unsafe',
  'saml.encrypted': 'answer-unsafe',
  'saml.expired': 'answer-late',
  'saml.not_yet_valid': 'answer-late',
  'saml.lifetime': 'answer-late',
  'saml.status': 'answer-declined',
  'saml.in_response_to': 'answer-used',
  'saml.replayed': 'answer-used',
  'saml.deadline': 'busy',
  'oidc.discovery': 'bank-unavailable',
  'oidc.callback': 'answer-unsafe',
  'oidc.declined': 'answer-declined',
  'oidc.mixed_up': 'answer-unsafe',
  'oidc.exchange': 'answer-unsafe',
  'oidc.id_token': 'answer-unsafe',
  'upstream.handle_unknown': 'answer-used',
  'upstream.unsolicited': 'answer-used',
  'upstream.foreign_browser': 'other-browser',
  'upstream.unavailable': 'bank-unavailable',
  'fetch.refused': 'bank-unavailable',
  'fetch.failed': 'bank-unavailable',
  'connection.unknown': 'bank-unavailable',
  'connection.disabled': 'bank-unavailable',
  'connection.exists': 'changed-meanwhile',
  'connection.stale': 'changed-meanwhile',
  'connection.state': 'not-in-this-state',
  'connection.managed': 'ruled-by-file',
  'connection.settings': 'settings-refused',
  'metadata.malformed': 'metadata-refused',
  'metadata.signature': 'metadata-refused',
  'metadata.entity': 'metadata-refused',
  'metadata.endpoint': 'metadata-refused',
  'metadata.certificate': 'metadata-refused',
  'metadata.expired': 'metadata-refused',
  'institution.unknown': 'no-bank-here',
  'interaction.unknown': 'not-open',
  'interaction.expired': 'not-open',
  'interaction.foreign': 'other-browser',
  'interaction.finished': 'already-finished',
  'interaction.step': 'out-of-step',
  'form.forged': 'out-of-step',
  'request.malformed': 'not-understood',
  'request.not_found': 'no-page-here',
  'request.too_large': 'not-understood',
  'request.media_type': 'not-understood',
  'soap.malformed': 'not-understood',
  'soap.action': 'not-understood',
  'soap.version': 'not-understood',
  'rate.exceeded': 'too-often',
  busy: 'busy',
  'key.unavailable': 'busy',
  unexpected: 'unexpected',
  'logout.refused': 'sign-out-unsafe',
  'subject.disabled': 'ask-your-bank',
  'subject.unknown': 'not-understood',
  'login.cancelled': 'cancelled',
  'login.subject_changed': 'other-person',
  'login.too_old': 'confirm-again',
  'acr.insufficient': 'confirm-again',
  'token.missing': 'permission-over',
  'token.invalid': 'permission-over',
  'token.scope': 'permission-over',
  'dpop.missing': 'device-unproven',
  'dpop.invalid': 'device-unproven',
  'dpop.replayed': 'device-unproven',
  'device.unknown': 'device-needed',
  'device.required': 'device-needed',
  'device.state': 'device-needed',
  'device.key': 'device-unproven',
  'device.proof': 'device-unproven',
  'device.proof_replayed': 'device-unproven',
  'device.limit': 'device-limit',
  'pin.weak': 'pin-weak',
  'pin.format': 'pin-format',
  'pin.wrong': 'pin-wrong',
  'pin.locked': 'pin-locked',
  'pin.unset': 'pin-unset',
  'transaction.malformed': 'payment-unclear',
  'transaction.missing': 'payment-unclear',
  'transaction.mismatch': 'payment-unclear',
  'transaction.used': 'payment-used',
  'core.unknown': 'not-offered',
  'core.operation': 'not-offered',
  'core.timeout': 'outcome-unknown',
  'core.unreachable': 'outcome-unknown',
  'core.answer': 'outcome-unknown',
} as const satisfies Record<PageCode, string>

export type WordGroup = (typeof groupOf)[PageCode]

/** A refusal for a person: what happened, what did not, what to do. Never blame, never whether an account exists. */
export interface RefusalWords {
  readonly title: string
  readonly happened: string
  /** The outcome in one short sentence, printed bold. */
  readonly unchanged: string
  /** What the outcome means for the customer. */
  readonly meaning: string
  readonly next: string
}

/** Groups after which we do not know whether something changed: their notice must warn, never reassure. */
export const uncertain: ReadonlySet<WordGroup> = new Set<WordGroup>(['outcome-unknown', 'unexpected'])
