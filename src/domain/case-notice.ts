// What a customer is told of what was held: that it can be sent again, or that it will not be carried out.
import type { Language } from './language.ts'
import { notYou } from './notice-text.ts'

/** Until when it can be sent again (epoch milliseconds); undefined where it will not be carried out. */
export interface CaseNotice {
  readonly sendUntil: number | undefined
  /** It came from the customer's own app; else a back end of the bank asked for it, and only that can ask again. */
  readonly byApp: boolean
}

const released: Readonly<Record<Language, (until: string) => string>> = {
  en: (until) => `We have looked at what we held. You can send it again in your app until ${until}.`,
  es: (until) =>
    `Hemos revisado lo que habíamos retenido. Puedes volver a enviarlo en tu app hasta ${until}.`,
}

const askedAgain: typeof released = {
  en: (until) => `We have looked at what we held. Whoever asked you for it can ask again until ${until}.`,
  es: (until) =>
    `Hemos revisado lo que habíamos retenido. Quien te lo pidió puede volver a pedirlo hasta ${until}.`,
}

const ended: Readonly<Record<Language, string>> = {
  en: 'What we held will not be carried out. Any questions? Call your bank.',
  es: 'Lo que habíamos retenido no se llevará a cabo. ¿Alguna pregunta? Llama a tu banco.',
}

/** `2026-11-28 04:10 UTC`: a text message knows no time zone of its reader. */
const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** Names neither amount nor account: a stranger who reads the phone learns that something was held. */
export const caseNoticeText = ({ sendUntil, byApp }: CaseNotice, bank: string, language: Language): string =>
  sendUntil === undefined
    ? `${bank}: ${ended[language]}`
    : `${bank}: ${(byApp ? released : askedAgain)[language](moment(sendUntil))} ${notYou[language]}`
