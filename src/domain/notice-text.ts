// Notices by text message: what changed at the bank for this customer, and what to do where it was not them.
import type { Language } from './language.ts'

export const notices = ['limits-loosened', 'approval-key'] as const
export type Notice = (typeof notices)[number]

const words: Readonly<Record<Language, Readonly<Record<Notice, string>>>> = {
  en: {
    'limits-loosened': 'You made your own limits looser; this holds from later on.',
    'approval-key': 'A phone of yours can approve payments, or soon will.',
  },
  es: {
    'limits-loosened': 'Has ampliado tus propios límites; el cambio tendrá efecto más tarde.',
    'approval-key': 'Uno de tus teléfonos puede aprobar pagos, o podrá dentro de poco.',
  },
}

export const notYou: Readonly<Record<Language, string>> = {
  en: 'Not you? Call your bank.',
  es: '¿No has sido tú? Llama a tu banco.',
}

/** Says nothing that a stranger who reads the phone could use. */
export const noticeText = (notice: Notice, bank: string, language: Language): string =>
  `${bank}: ${words[language][notice]} ${notYou[language]}`
