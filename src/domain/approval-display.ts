// The text of an approval, in our words: what is done, who asks, and from where. What is hashed is what is shown.
import { createHash } from 'node:crypto'
import type { Approval } from './approval.ts'
import type { Language } from './language.ts'
import { type Display, displayOf, lineOf, type ShownRow } from './transaction-display.ts'
import type { TransactionType } from './transaction-type.ts'

/** Names that the customer knows the parties by. */
export interface ApprovalNames {
  readonly institution: string
  readonly relyingParty: string
}

interface Words {
  readonly signIn: (app: string) => string
  readonly approveSignIn: string
  readonly bank: string
  readonly asks: string
  readonly message: string
  readonly from: string
  readonly signs: string
  readonly signsAs: (role: string) => string
}

const words: Readonly<Record<Language, Words>> = {
  en: {
    signIn: (app) => `Sign in to ${app}`,
    approveSignIn: 'Yes, let me in',
    bank: 'Bank',
    asks: 'Asked for by',
    message: 'Their message',
    from: 'Asked for from',
    signs: 'You sign as',
    signsAs: (role) => `${role}; somebody else has approved it already`,
  },
  es: {
    signIn: (app) => `Iniciar sesión en ${app}`,
    approveSignIn: 'Sí, iniciar sesión',
    bank: 'Banco',
    asks: 'Lo solicita',
    message: 'Su mensaje',
    from: 'Solicitado desde',
    signs: 'Firma usted como',
    signsAs: (role) => `${role}; otra persona ya lo ha aprobado`,
  },
}

export interface ToShow {
  readonly approval: Pick<Approval, 'transaction' | 'bindingMessage' | 'place' | 'role'>
  readonly names: ApprovalNames
  readonly type: TransactionType | undefined
}

/** Pure: the same approval gives the same text. Refuses with `transaction.malformed` as `displayOf` does. */
export function approvalDisplay({ approval, names, type }: ToShow, language: Language): Display {
  const say = words[language]
  const { transaction, bindingMessage, role } = approval
  const what: Omit<Display, 'text'> =
    transaction === undefined
      ? {
          title: say.signIn(names.relyingParty),
          approve: say.approveSignIn,
          rows: [textRow(say.bank, names.institution)],
        }
      : displayOf(transaction, type, language)
  const from = placeText(approval.place)
  const rows = [
    ...what.rows,
    textRow(say.asks, names.relyingParty),
    ...(role === undefined ? [] : [textRow(say.signs, say.signsAs(role))]),
    ...(bindingMessage === undefined ? [] : [textRow(say.message, bindingMessage)]),
    ...(from === '' ? [] : [textRow(say.from, from)]),
  ]
  return { ...what, rows, text: [what.title, ...rows.map(lineOf)].join('\n') }
}

/** Device, town and address, as far as they are known. */
export const placeText = ({ device, town, address }: Approval['place']): string =>
  [device, town, address].filter((part) => part !== undefined).join(', ')

/** base64url(SHA-256) of a shown text. */
export const displayHash = (text: string): string => createHash('sha256').update(text).digest('base64url')

const textRow = (label: string, value: string): ShownRow => ({
  ...{ label, value, kind: 'text', prominent: false },
  note: undefined,
})
