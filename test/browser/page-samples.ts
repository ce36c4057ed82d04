// One example of every customer page, for the tests that render, attack and look at them.
import { Refusal } from '../../src/domain/refusal.ts'
import { keptTransaction } from '../../src/domain/transaction.ts'
import { displayOf } from '../../src/domain/transaction-display.ts'
import { typeNamed } from '../../src/domain/transaction-type.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { type ApproveView, approvePage } from '../../src/http/page/approve.ts'
import { type ChallengeView, challengePage } from '../../src/http/page/challenge.ts'
import { type ChooseView, choosePage } from '../../src/http/page/choose.ts'
import { codePage as sentCodePage } from '../../src/http/page/code.ts'
import { markedCode } from '../../src/http/page/code-view.ts'
import { collectPage } from '../../src/http/page/collect.ts'
import { type ConsentView, consentPage, permissionsOf } from '../../src/http/page/consent.ts'
import { errorPage } from '../../src/http/page/error.ts'
import { html } from '../../src/http/page/html.ts'
import { noticePage } from '../../src/http/page/notice.ts'
import { onwardPage } from '../../src/http/page/onward.ts'
import { type PinView, pinPage } from '../../src/http/page/pin.ts'
import { postFormPage } from '../../src/http/page/post-form.ts'
import { type Asking, page } from '../../src/http/page/shell.ts'
import { signOutPage } from '../../src/http/page/sign-out.ts'
import type { Language } from '../../src/http/words/language.ts'

/** The values that come from outside; a test may put an attack in each. */
export interface Outside {
  readonly bank: string
  readonly app: string
  readonly payee: string
  readonly message: string
  readonly person: string
  readonly core: string
  readonly token: string
  readonly reference: string
}

export const plain: Outside = {
  bank: 'Alder Bank',
  app: 'Alder Pay',
  payee: 'Nordhaven Energy',
  message: 'Invoice 2026-118',
  person: 'Ines Kask',
  core: 'Payments',
  token: 'c2f1',
  reference: 'DB-7F3K-92QD',
}

export const nonce = 'dGVzdC1ub25jZS0wMDAx'

/** Pages with a script, which needs the nonce. */
export const scripted: readonly string[] = [
  'post-form',
  'approve-sign-in',
  'approve-payment',
  'approve-signing',
  'challenge-call',
  'collect',
]

/** Those whose script leads on at once: nobody looks at them for long. */
export const passing: readonly string[] = ['post-form', 'collect']

const noon = Date.UTC(2026, 10, 24, 12, 21, 7)

export interface Sampling {
  readonly outside?: Outside
  readonly language?: Language
  readonly accent?: string
  readonly base?: string
}

/** Every page by a name that can stand in a path. */
export function samples({
  outside = plain,
  language = 'en',
  accent = '#0f6b52',
  base = '',
}: Sampling = {}): Record<string, string> {
  const common = {
    language,
    base,
    institution: { name: outside.bank, accent, help: 'https://alder.example/help' },
    relyingParty: outside.app,
    reference: outside.reference,
    timeZone: 'Europe/Tallinn',
  }
  const form = { action: `${base}/answer`, hidden: { token: outside.token } }
  const shown = shownIn(outside, language)
  const { payment } = shown
  const pin: PinView = { ...common, ...form, digits: 6, answerBy: noon + 660_000, state: { kind: 'ask' } }
  const consent: ConsentView = {
    ...common,
    ...form,
    permissions: permissionsOf(
      ['openid', 'profile', 'offline_access', 'device', 'core:payments', 'statements'],
      new Map([['payments', outside.core]]),
    ),
    signedInAs: outside.person,
    returnsTo: 'app.alder.example',
  }
  const choose: ChooseView = {
    ...common,
    ...form,
    choices: [
      { id: 'personal', name: 'Personal' },
      { id: 'business', name: outside.core },
      { id: 'staff', name: `Staff of ${outside.bank}` },
    ],
    byAddress: false,
  }
  const approve: ApproveView = {
    ...common,
    ...form,
    ...{ pinHere: true, asks: '/state', nonce },
    state: { kind: 'waiting', number: '47', until: noon + 300_000 },
  }
  const challenge: ChallengeView = {
    ...{ ...common, ...form, asks: '/state', nonce, answerBy: noon + 300_000 },
    state: { kind: 'out-of-band', token: outside.token },
  }
  const error = { ...common, at: noon, support: [['Upstream', outside.message]] as const }
  const back = { startAgain: `${base}/again`, backToApp: 'com.alder.pay:/cb' }
  return {
    'pin-sign-in': pinPage(pin),
    'pin-payment': pinPage({ ...pin, transaction: payment }),
    'pin-standing-order': pinPage({ ...pin, transaction: shown.standingOrder }),
    'pin-add-payee': pinPage({ ...pin, transaction: shown.payee }),
    'pin-change-contact': pinPage({ ...pin, transaction: shown.contact }),
    'pin-change-limit': pinPage({ ...pin, transaction: shown.limit }),
    'pin-account-access': pinPage({ ...pin, transaction: shown.access }),
    'pin-wrong': pinPage({ ...pin, transaction: payment, state: { kind: 'wrong', left: 2 } }),
    'pin-five-digits': pinPage({ ...pin, digits: 5, state: { kind: 'format' } }),
    'pin-four-digits': pinPage({ ...pin, digits: 4 }),
    'pin-locked': pinPage({
      ...pin,
      transaction: payment,
      state: { kind: 'locked', until: noon + 1_800_000 },
    }),
    'approve-sign-in': approvePage({ ...approve, pinHere: false }),
    'approve-payment': approvePage({ ...approve, transaction: payment }),
    'approve-signing': approvePage({
      ...approve,
      ...{ transaction: payment, pinHere: false, state: { kind: 'signing', until: noon + 300_000 } },
    }),
    'approve-lapsed': approvePage({ ...approve, transaction: payment, state: { kind: 'unasked' } }),
    'approve-nobody': approvePage({
      ...approve,
      state: { kind: 'unasked', why: { words: outside.message, code: 'approval.no_device' } },
    }),
    'code-wrong': sentCodePage({
      ...{ ...common, hidden: approve.hidden, action: approve.action, digits: 6, transaction: payment },
      ...{ institution: approve.institution, relyingParty: approve.relyingParty },
      ...{ answerBy: noon + 300_000, fault: 'wrong' },
    }),
    'challenge-call': challengePage(challenge),
    'challenge-code': challengePage({
      ...{ ...challenge, state: { kind: 'code' } },
      fault: { kind: 'wrong', code: 'challenge.failed', left: 3 },
    }),
    'challenge-questions': challengePage({
      ...challenge,
      state: {
        kind: 'questions',
        questions: [
          { id: outside.token, text: outside.message },
          { id: 'first-pet', text: 'What was your first pet called?' },
        ],
      },
    }),
    'challenge-unanswered': challengePage({
      ...{ ...challenge, state: { kind: 'none', of: 'code' } },
      fault: { kind: 'unanswered', code: 'challenge.unanswered' },
    }),
    choose: choosePage(choose),
    'choose-again': choosePage({ ...choose, last: 'business', byAddress: true }),
    'choose-homeless': choosePage({ ...choose, byAddress: true, homeless: outside.message }),
    // Held still, so that it can be looked at; that it leads on is tested with a bridge (test/browser/choose.test.ts).
    onward: held(onwardPage({ ...common, to: `${base}/next`, name: outside.bank })),
    consent: consentPage(consent),
    'consent-again': consentPage({ ...consent, again: true }),
    'consent-payment': consentPage({
      ...consent,
      transaction: payment,
      permissions: [],
      signedInAs: undefined,
    }),
    'consent-account-access': consentPage({ ...consent, transaction: shown.access, permissions: [] }),
    'error-late': errorPage({ ...error, ...back, code: 'saml.expired' }),
    'error-uncertain': errorPage({ ...error, code: new Refusal('core.timeout').code }),
    'error-no-bank': errorPage({
      language,
      base: '',
      code: 'institution.unknown',
      reference: outside.reference,
      at: noon,
    }),
    'notice-finished': noticePage({ ...common, kind: 'finished', backToApp: back.backToApp }),
    'notice-signed-out': noticePage({ ...common, relyingParty: undefined, kind: 'signed-out' }),
    'notice-cancelled': noticePage({ ...common, kind: 'cancelled' }),
    'code-view': codePage(common, outside),
    'sign-out': signOutPage({ ...common, ...form }),
    collect: collectPage({ ...common, ...form, nonce }),
    'post-form': postFormPage({
      ...common,
      action: 'https://idp.alder.example/sso',
      fields: { SAMLRequest: outside.token },
      to: outside.bank,
      nonce,
    }),
  }
}

/** A transaction of each type. What is not checked here is what an attack would have got past the check. */
function shownIn({ payee, message }: Outside, language: Language) {
  const show = (detail: object) => {
    const transaction = keptTransaction([detail], builtInTypes)
    if (transaction === undefined) throw new Error('no transaction')
    return displayOf(transaction, typeNamed(builtInTypes, transaction.type), language)
  }
  const creditor = { creditorName: payee, creditorAccount: { iban: 'EE471000001020140937' } }
  const payment = {
    type: 'payment_initiation',
    instructedAmount: { amount: '1240.00', currency: 'EUR' },
    debtorAccount: { iban: 'EE382200221020144821' },
    ...creditor,
    remittanceInformation: message,
  }
  return {
    payment: show(payment),
    standingOrder: show({ ...payment, schedule: { frequency: 'monthly', firstDate: '2026-12-01' } }),
    payee: show({ type: 'add_payee', ...creditor, alias: 'Кофе' }),
    contact: show({ type: 'change_contact', kind: 'phone', newValue: '+37255512345' }),
    limit: show({
      type: 'change_limit',
      limit: 'daily',
      newAmount: { amount: '2500.00', currency: 'EUR' },
    }),
    access: show({
      type: 'account_access',
      accounts: [{ iban: 'EE382200221020144821' }, { iban: 'EE471000001020140937' }],
      permissions: ['balances', 'transactions'],
      validUntil: '2027-05-31',
    }),
  }
}

const held = (page: string): string => page.replace(/<meta http-equiv="refresh"[^>]*>/, '')

/** A page of the control room with a verified message, as the demo shows it. */
function codePage(asking: Asking, { person }: Outside): string {
  const signed = `<saml:Assertion ID="_9be2"><saml:Subject><saml:NameID>alice-316</saml:NameID></saml:Subject><saml:Conditions NotBefore="2026-11-24T12:20:57Z" NotOnOrAfter="2026-11-24T12:25:57Z"/></saml:Assertion>`
  const xml = `<samlp:Response ID="_c81f"><saml:Issuer>idp.alder.example</saml:Issuer>${signed}<Note>${person}</Note></samlp:Response>`
  const start = xml.indexOf(signed)
  const figure = markedCode(xml, [{ start, end: start + signed.length }], {
    caption: 'SAML response',
    key: 'Covered by signature',
    label: 'SAML response',
    mask: (value, { element }) => (element === 'NameID' ? '••••••316' : value),
  })
  return page({
    ...asking,
    title: 'Control room',
    bodyClass: 'room',
    skipTo: 'content',
    heading: html`<h1>One payment</h1>`,
    main: html`<section class="card" aria-labelledby="a"><h2 id="a">Bank’s answer</h2>${figure}</section>`,
  })
}
