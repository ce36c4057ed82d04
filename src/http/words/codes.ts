// What machines are told of a refusal: the HTTP status and the OAuth error name of every code.
import type { PageCode } from './groups.ts'

type MachineWords = readonly [status: number, oauthError: string]

const denied: MachineWords = [400, 'access_denied']
const invalid: MachineWords = [400, 'invalid_request']
const unusable: MachineWords = [422, 'invalid_request']
const later: MachineWords = [503, 'temporarily_unavailable']
const detail: MachineWords = [400, 'invalid_authorization_details'] // RFC 9396 5
const notThatPayment: MachineWords = [403, 'invalid_authorization_details']
const noToken: MachineWords = [401, 'invalid_token'] // RFC 6750 3.1
const noProof: MachineWords = [401, 'invalid_dpop_proof'] // RFC 9449 7.1
const stronger: MachineWords = [401, 'insufficient_user_authentication'] // RFC 9470 3
const unmet: MachineWords = [400, 'unmet_authentication_requirements'] // OIDC Unmet Authentication Requirements 1.0

const machineWords: Readonly<Record<PageCode, MachineWords>> = {
  'saml.malformed': denied,
  'saml.schema': denied,
  'saml.shape': denied,
  'saml.signature_missing': denied,
  'saml.signature_invalid': denied,
  'saml.algorithm': denied,
  'saml.issuer': denied,
  'saml.destination': denied,
  'saml.recipient': denied,
  'saml.audience': denied,
  'saml.in_response_to': denied,
  'saml.expired': denied,
  'saml.not_yet_valid': denied,
  'saml.lifetime': denied,
  'saml.status': denied,
  'saml.subject': denied,
  'saml.authn_context': denied,
  'saml.condition': denied,
  'saml.attribute': denied,
  'saml.encrypted': denied,
  'saml.replayed': denied,
  'saml.deadline': later,
  'metadata.malformed': unusable,
  'metadata.signature': unusable,
  'metadata.entity': unusable,
  'metadata.endpoint': unusable,
  'metadata.certificate': unusable,
  'metadata.expired': unusable,
  'oidc.discovery': later,
  'oidc.callback': denied,
  'oidc.declined': denied,
  'oidc.mixed_up': denied,
  'oidc.exchange': denied,
  'oidc.id_token': denied,
  'institution.unknown': [404, 'invalid_request'],
  'interaction.unknown': invalid,
  'interaction.expired': [410, 'invalid_request'],
  'interaction.foreign': invalid,
  'interaction.finished': [410, 'invalid_request'],
  'interaction.step': invalid,
  'form.forged': [403, 'invalid_request'],
  'request.malformed': invalid,
  'request.not_found': [404, 'invalid_request'],
  'request.too_large': [413, 'invalid_request'],
  'request.media_type': [415, 'invalid_request'],
  'rate.exceeded': [429, 'temporarily_unavailable'],
  busy: later,
  'fetch.refused': later,
  'fetch.failed': later,
  'connection.unknown': invalid,
  'connection.disabled': denied,
  'connection.exists': [409, 'invalid_request'],
  'connection.stale': [409, 'invalid_request'],
  'connection.state': [409, 'invalid_request'],
  'connection.managed': [409, 'invalid_request'],
  'connection.settings': unusable,
  'upstream.handle_unknown': denied,
  'upstream.foreign_browser': denied,
  'upstream.unsolicited': denied,
  'upstream.unavailable': later,
  'logout.refused': invalid,
  'subject.disabled': [403, 'access_denied'],
  'subject.unknown': [404, 'invalid_request'],
  'login.cancelled': denied,
  'login.subject_changed': denied,
  'token.missing': noToken,
  'token.invalid': noToken,
  'token.scope': [403, 'insufficient_scope'],
  'dpop.missing': noProof,
  'dpop.invalid': noProof,
  'dpop.replayed': noProof,
  'acr.insufficient': stronger,
  'login.too_old': stronger,
  'device.unknown': [404, 'invalid_request'],
  'device.key': invalid,
  'device.proof': invalid,
  'device.proof_replayed': invalid,
  'device.state': [409, 'invalid_request'],
  'device.limit': [409, 'invalid_request'],
  'device.required': unmet,
  'pin.weak': invalid,
  'pin.format': invalid,
  'pin.wrong': denied,
  // RFC 4918 11.3: the one status that says "not now, and not for your request's form".
  'pin.locked': [423, 'access_denied'],
  'pin.unset': unmet,
  'transaction.malformed': detail,
  'transaction.missing': notThatPayment,
  'transaction.mismatch': notThatPayment,
  'transaction.used': notThatPayment,
  'core.unknown': [404, 'invalid_request'],
  'core.operation': [403, 'access_denied'],
  'core.timeout': [504, 'temporarily_unavailable'],
  'core.unreachable': [502, 'temporarily_unavailable'],
  'core.answer': [502, 'server_error'],
  'soap.malformed': invalid,
  'soap.action': invalid,
  'soap.version': invalid,
  'key.unavailable': later,
  unexpected: [500, 'server_error'],
}

/** The HTTP status of a refusal, whoever reads it. */
export const httpStatusOf = (code: PageCode): number => machineWords[code][0]

/** The OAuth error name of a refusal; RFC 6750 3.1 leaves it out of the challenge for `token.missing`. */
export const oauthErrorOf = (code: PageCode): string => machineWords[code][1]
