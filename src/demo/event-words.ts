// Audit events in plain words, for the control room.
import type { AuditType } from '../domain/audit.ts'

export interface ShownEvent {
  readonly words: string
  readonly outcome: 'ok' | 'refused'
  readonly at: string
  readonly type: string
  readonly code: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
  readonly transaction: string | undefined
  readonly reference: string | undefined
  readonly subject: string | undefined
  readonly device: string | undefined
}

/** Each type has words: one without them does not compile. */
const words: Readonly<Record<AuditType, string>> = {
  'par.accepted': 'Request from the app accepted',
  'par.refused': 'Request from the app refused',
  'login.started': 'Sign-in began',
  'login.connection_chosen': 'The customer chose where to sign in',
  'login.upstream_asked': 'The bank’s IdP was asked',
  'login.upstream_answered': 'The bank’s answer was checked',
  'login.refused': 'Sign-in refused',
  'login.cancelled': 'The customer said no',
  'login.finished': 'Sign-in finished',
  'authorization.issued': 'Code given to the app',
  'authorization.refused': 'Authorization refused',
  'step_up.tried': 'A wrong PIN was typed',
  'step_up.passed': 'The level was raised: by PIN, or on a phone',
  'step_up.locked': 'PIN locked',
  'code.withheld': 'Code not sent',
  'risk.assessed': 'The bank’s risk engines were asked',
  'risk.reported': 'The risk engines were told how it ended',
  'risk.questions_set': 'The customer answered the questions of a risk engine anew',
  'risk.unreported': 'A risk engine could not be told how it ended',
  'risk.changed': 'The bank changed its risk engines',
  'risk.tried': 'An administrator made a test call to a risk engine',
  'transaction.decided': 'The bank’s policy decided on the payment',
  'transaction.signing': 'Others are asked to sign the payment as well',
  'transaction.approved': 'Payment approved',
  'transaction.used': 'Payment given out to be carried out, once',
  'transaction.released': 'Payment not approved',
  'transaction.held': 'Payment held for the bank to look at',
  'case.opened': 'The bank has a case to look at',
  'case.proposed': 'Somebody at the bank proposes to release what is held',
  'case.sent_back': 'A proposal to release what is held was sent back',
  'case.released': 'Two people at the bank released what was held: it can be sent again',
  'case.stopped': 'Somebody at the bank stopped what was held',
  'case.expired': 'Nobody at the bank decided on what was held in time',
  'approval.asked': 'The customer was asked on their phone',
  'approval.approved': 'Approved on the phone, signed by its approval key',
  'approval.denied': 'Denied on the phone',
  'approval.reported': 'The customer said that it wasn’t them: whoever asked was cut off',
  'approval.refused': 'An answer on the phone did not hold',
  'approval.held': 'Approved too far away: the bank looks at it',
  'approval.withdrawn': 'The question on the phone was withdrawn',
  'evidence.exported': 'What proves an approval was handed out',
  'approval_key.registered': 'The phone has a key for approvals',
  'user_code.set': 'The customer changed their code for back ends',
  'limits.changed': 'The customer changed their own limits',
  'consent.given': 'The customer agreed',
  'token.issued': 'Tokens issued, bound to the app’s key',
  'token.refreshed': 'Tokens renewed, the old one is used up',
  'token.refused': 'Token request refused',
  'token.reuse_detected': 'A used token came again, all of its kind ended',
  'token.revoked': 'Tokens ended',
  'session.ended': 'Signed out, all tokens of the session ended',
  'key.prepared': 'The bridge made its next key',
  'key.certified': 'An authority’s certificate stands for the bridge’s next key',
  'key.promoted': 'The bridge signs by its next key',
  'key.retired': 'The bridge no longer signs by its old key',
  'key.dropped': 'The bridge destroyed an old key',
  'expiry.warned': 'Something ends soon',
  'retention.removed': 'Old records were deleted',
  'subject.disabled': 'The bank has disabled the customer',
  'subject.enabled': 'The bank has enabled the customer',
  'mandate.changed': 'The bank has said who may sign for an account',
  'mandate.removed': 'Nobody else may sign for an account any more',
  'freeze.set': 'The bank has frozen something',
  'freeze.lifted': 'The bank has lifted a freeze',
  'logout.upstream_asked': 'The bank’s IdP was asked to end its session',
  'logout.upstream_answered': 'The bank’s IdP has ended its session',
  'logout.notified': 'The app was told that the session has ended',
  'logout.unheard': 'The app could not be told that the session has ended',
  'ping.sent': 'The back end was pinged that there is an answer',
  'ping.failed': 'The back end could not be pinged',
  'device.enrolled': 'A phone was announced',
  'device.activated': 'The phone proved its key',
  'device.refused': 'The phone’s proof was refused',
  'device.revoked': 'A phone was ended',
  'pin.set': 'A PIN was set',
  'delivery.sent': 'A message went to the customer',
  'delivery.failed': 'A message did not reach the customer',
  'delivery.confirmed': 'A message is known to have arrived',
  'call.signed': 'Call decided and signed for the core',
  'call.answered': 'The core answered',
  'call.refused': 'Call refused before signing',
  'call.failed': 'The core could not be reached',
  'request.refused': 'Request refused',
  'administrator.invited': 'An administrator was invited to the console',
  'administrator.invitation_withdrawn': 'An invitation to the console was withdrawn',
  'administrator.added': 'An administrator accepted the invitation',
  'administrator.changed': 'An administrator’s roles were changed',
  'administrator.removed': 'An administrator was removed',
  'console.signed_in': 'An administrator signed in to the console',
  'console.signed_out': 'An administrator signed out of the console',
  'console.refused': 'The console refused a sign-in',
  'break_glass.registered': 'A break-glass key was registered',
  'break_glass.removed': 'A break-glass key was removed',
  'break_glass.used': 'A break-glass key opened the console',
  'break_glass.refused': 'A break-glass key was refused',
  'break_glass.seen': 'An owner has seen the use of a break-glass key',
  'relying_party.changed': 'An app was changed',
  'policy.changed': 'The policy on transactions was changed',
  'connection.changed': 'A connection was changed',
  'connection.test_started': 'A test sign-in of a connection began',
  'connection.tested': 'A connection was tested',
  'connection.metadata_refreshed': 'The bank’s metadata was read again',
  'configuration.applied': 'Configuration written',
  'audit.void': 'Numbers of the audit log were left unused',
}

const isKnown = (type: string): type is AuditType => Object.hasOwn(words, type)

/** An event as it is shown; its own type where there are no words for it. */
export function shownEvent(text: string): ShownEvent {
  const event = JSON.parse(text) as {
    type: string
    outcome: 'ok' | 'refused'
    at: string
    code?: string
    detail?: Record<string, unknown>
    transaction?: string
    reference?: string
    subject?: string
    device?: string
  }
  const { type, outcome, at, code, detail = {}, transaction, reference, subject, device } = event
  const said = isKnown(type) ? words[type] : type
  return {
    words: code === undefined ? said : `${said} (${code})`,
    outcome,
    at,
    type,
    code,
    detail,
    transaction,
    reference,
    subject,
    device,
  }
}
