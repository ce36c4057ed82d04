// What a person is told of anything that the bank has frozen: that it is paused, and never who or what is suspected.
import type { Language } from '../../domain/language.ts'
import type { RefusalWords } from './groups.ts'

export const paused: Readonly<Record<Language, RefusalWords>> = {
  en: {
    title: 'Your bank has paused this',
    happened: 'At this moment your bank lets nobody do this from here.',
    unchanged: 'Nothing was changed.',
    meaning: 'No payment was made.',
    next: 'Call your bank and read out the reference.',
  },
  es: {
    title: 'Tu banco lo ha puesto en pausa',
    happened: 'En este momento tu banco no deja que nadie lo haga desde aquí.',
    unchanged: 'No ha cambiado nada.',
    meaning: 'No se ha hecho ningún pago.',
    next: 'Llama a tu banco y lee la referencia.',
  },
}
