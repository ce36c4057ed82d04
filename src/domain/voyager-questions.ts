// Challenge questions: which there are, how answers are compared, and which of a customer's are asked. Never a factor.
import { createHash } from 'node:crypto'
import { type Language, languageOf } from './language.ts'

interface Question {
  readonly id: string
  readonly text: Readonly<Record<Language, string>>
}

/** Nothing that an identity card, a family tree or a bank statement tells; nonsense is a good answer. */
export const challengeQuestions: readonly Question[] = [
  ['first-concert', 'What was the first concert you went to?', '¿Cuál fue el primer concierto al que fue?'],
  ['first-dish', 'What was the first dish you learned to cook?', '¿Qué plato aprendió a cocinar primero?'],
  ['childhood-toy', 'What was your favourite toy as a child?', '¿Cuál era su juguete favorito de niño?'],
  ['first-pet', 'What was your first pet called?', '¿Cómo se llamaba su primera mascota?'],
  ['dream-job', 'What did you want to become as a child?', '¿Qué quería ser de mayor cuando era niño?'],
  ['first-trip', 'Where did you first travel by plane?', '¿Adónde viajó por primera vez en avión?'],
  ['best-teacher', 'Which teacher do you remember best?', '¿A qué profesor recuerda mejor?'],
  ['hated-food', 'Which food did you hate as a child?', '¿Qué comida odiaba de niño?'],
  ['first-film', 'What was the first film you saw in a cinema?', '¿Qué película vio primero en el cine?'],
  ['old-nickname', 'What did your friends at school call you?', '¿Cómo le llamaban sus amigos del colegio?'],
  ['first-book', 'Which book did you first read to the end?', '¿Qué libro leyó entero por primera vez?'],
  ['first-wage', 'What did you buy with your first wage?', '¿Qué compró con su primer sueldo?'],
  ['hiding-place', 'Where did you hide things as a child?', '¿Dónde escondía cosas de niño?'],
  [
    'best-day',
    'Where did you spend the best summer you remember?',
    '¿Dónde pasó el verano que mejor recuerda?',
  ],
  ['first-car', 'What colour was the first car you drove?', '¿De qué color era el primer coche que condujo?'],
  ['feared-thing', 'What were you most afraid of as a child?', '¿Qué le daba más miedo de niño?'],
  ['neighbour', 'Which neighbour of your childhood do you remember?', '¿A qué vecino de su niñez recuerda?'],
  ['first-record', 'Which record or song did you first own?', '¿Qué disco o canción tuvo primero?'],
  ['sport-hero', 'Which athlete did you admire as a child?', '¿A qué deportista admiraba de niño?'],
  [
    'secret-word',
    'A word that only you would think of here?',
    '¿Una palabra que solo a usted se le ocurriría aquí?',
  ],
].map(([id = '', en = '', es = '']) => ({ id, text: { en, es } }))

/** In the language that is asked for first, where we speak it. */
export function questionTexts(ids: readonly string[], language: string | undefined) {
  const spoken = languageOf(language?.split(/[,;]/)[0] ?? '') ?? 'en'
  return challengeQuestions
    .filter(({ id }) => ids.includes(id))
    .map(({ id, text }) => ({ id, text: text[spoken] }))
}

export const allQuestions: readonly string[] = challengeQuestions.map(({ id }) => id)

export const keptQuestions = 5

/** What people write one time and not the next: capitals, spaces, accents, other forms of a letter. */
export const folded = (answer: string): string =>
  answer
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim()

const shortest = 2
export const longestAnswer = 100

/** Why answers are not taken; undefined where they are. */
export function answersFault(
  answers: ReadonlyMap<string, string>,
): 'count' | 'unknown' | 'short' | 'long' | 'same' | undefined {
  if (answers.size !== keptQuestions) return 'count'
  if ([...answers.keys()].some((id) => !allQuestions.includes(id))) return 'unknown'
  if ([...answers.values()].some((answer) => answer.length > longestAnswer)) return 'long'
  const all = [...answers.values()].map(folded)
  if (all.some((answer) => answer.length < shortest)) return 'short'
  return new Set(all).size < all.length ? 'same' : undefined
}

/** Which are asked: the same ones until they are answered, so that nobody asks on until the ones come that they know. */
export const askedOf = (
  ids: readonly string[],
  { seed, count }: { readonly seed: readonly string[]; readonly count: number },
): readonly string[] => {
  const placeOf = (id: string) =>
    createHash('sha256')
      .update(JSON.stringify([...seed, id]))
      .digest('hex')
  return ids
    .map((id) => ({ id, place: placeOf(id) }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id)
}
