// What customers are told whose own limits were changed while they changed them.
import type { Language } from '../../domain/language.ts'
import type { RefusalWords } from './groups.ts'

export const limitsChanged: Readonly<Record<Language, RefusalWords>> = {
  en: {
    title: 'Your limits were changed meanwhile',
    happened: 'They are not as they were when you began, perhaps by another of your devices.',
    unchanged: 'Nothing was changed.',
    meaning: 'What you sent just now is not in force.',
    next: 'Look at your limits as they are now, then change them again.',
  },
  es: {
    title: 'Tus límites han cambiado mientras tanto',
    happened: 'Ya no están como cuando empezaste, quizá por otro de tus dispositivos.',
    unchanged: 'No ha cambiado nada.',
    meaning: 'Lo que acabas de enviar no está en vigor.',
    next: 'Mira tus límites como están ahora y vuelve a cambiarlos.',
  },
}
