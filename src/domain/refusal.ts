// Refusals: the one error class that means "no", with a stable code; words are chosen at the edge, detail is for the log.
import { oidcRefusalCodes } from './oidc-refusals.ts'
import { samlRefusalCodes } from './saml-refusals.ts'

export const refusalCodes = [
  ...samlRefusalCodes,
  ...oidcRefusalCodes,
  'institution.unknown',
  'interaction.unknown',
  'interaction.expired',
  'interaction.foreign',
  'interaction.finished',
  'interaction.step',
  'form.forged',
  'request.malformed',
  'request.not_found',
  'request.too_large',
  'request.media_type',
  'rate.exceeded',
  'busy',
  'fetch.refused',
  'fetch.failed',
  'connection.unknown',
  'connection.disabled',
  'connection.exists',
  'connection.stale',
  'connection.state',
  'connection.managed',
  'connection.settings',
  'connection.in_use',
  'relying_party.settings',
  'metadata.malformed',
  'metadata.signature',
  'metadata.entity',
  'metadata.endpoint',
  'metadata.certificate',
  'metadata.expired',
  'metadata.changed',
  'upstream.handle_unknown',
  'upstream.foreign_browser',
  'upstream.unsolicited',
  'upstream.unavailable',
  'console.signed_out',
  'console.not_administrator',
  'console.forbidden',
  'console.invitation',
  'console.recent',
  'console.last_owner',
  'break_glass.late',
  'break_glass.refused',
  'break_glass.replayed',
  'break_glass.cloned',
  'break_glass.keys',
  'upstream.too_weak',
  'logout.refused',
  'subject.disabled',
  'subject.unknown',
  'login.cancelled',
  'login.subject_changed',
  'token.missing',
  'token.invalid',
  'token.scope',
  'dpop.missing',
  'dpop.invalid',
  'dpop.replayed',
  'acr.insufficient',
  'login.too_old',
  'device.unknown',
  'device.key',
  'device.proof',
  'device.proof_replayed',
  'device.state',
  'device.limit',
  'device.required',
  'channel.unknown',
  'channel.forged',
  'pin.weak',
  'pin.format',
  'pin.wrong',
  'pin.locked',
  'pin.unset',
  'transaction.malformed',
  'transaction.missing',
  'transaction.mismatch',
  'transaction.unknown',
  'transaction.used',
  'transaction.denied',
  'transaction.held',
  'limits.stale',
  'limits.too_many',
  'core.unknown',
  'core.operation',
  'core.timeout',
  'core.unreachable',
  'core.answer',
  'soap.malformed',
  'soap.action',
  'soap.version',
  'key.unavailable',
  'key.unknown',
  'key.active',
  'key.no_next',
  'key.unpublished',
  'key.overlap',
  'key.certificate',
] as const

export type RefusalCode = (typeof refusalCodes)[number]

/** Codes that point to an attack rather than to a mistake: they raise a security alert beside the audit event. */
export const alarmingCodes: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  // Only answers that a browser brought to its own open sign-in are checked at all: strangers' noise does not come here.
  'saml.malformed',
  'saml.schema',
  'saml.signature_missing',
  'saml.signature_invalid',
  'saml.shape',
  'saml.issuer',
  'saml.in_response_to',
  'saml.replayed',
  'oidc.mixed_up',
  'oidc.id_token',
  'upstream.foreign_browser',
  'device.proof_replayed',
  'dpop.replayed',
  // Nobody tries this door by chance: only answers to a question of ours come here, a few in a quarter of an hour.
  'break_glass.refused',
  'break_glass.replayed',
  'break_glass.cloned',
])

/**
 * A refusal grants nothing. Its code is stable and may be shown; `detail` goes to the log and the audit only.
 * The unit of work commits what was counted, consumed or revoked before it was thrown (ruling R-2).
 */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: RefusalCode, detail: Readonly<Record<string, unknown>> = {}) {
    super(code)
    this.name = 'Refusal'
    this.code = code
    this.detail = detail
  }
}
