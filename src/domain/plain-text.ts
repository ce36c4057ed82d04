// Text that a customer approves must read as it is: nothing unseen, nothing that looks like something else.

// Control, bidirectional and invisible characters could make the shown text differ from the hashed one.
const deceptive = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u2800]|\p{Default_Ignorable_Code_Point}/u

// A page shows these as one plain space or as none, while the hash would tell them apart.
const spacing = /^ | $| {2}|[^\P{Zs} ]/u

// Compatibility forms that people write and that nobody takes for others; the last two are Thai and Lao vowels.
const usual = new Set('ªºµ¹²³¼½¾™№…´\u0e33\u0eb3')

/** A character in disguise (full width, mathematical bold, one dot for a stop): it reads as a plain one. */
const disguised = (char: string): boolean => !usual.has(char) && char.normalize('NFKC') !== char

/** Can the database keep it? PostgreSQL has neither NUL nor half of a surrogate pair. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

// What people, mail programs and phones take for a way to somewhere: a scheme with what follows it, a mailbox, a host by name or
// number. `Order:4711` and `at 10:30` are none: digits behind a colon lead nowhere but behind these schemes.
const addresses = [
  /:\/\/|www\./i,
  /[a-z][a-z0-9+.-]{0,20}:[^\s\d]/i,
  /\b(?:https?|ftp|tel|sms|smsto|mmsto|callto|sips?|facetime):\S/i,
  /[^\s@]@[\p{L}[]/u,
  /[\p{L}\p{N}_-]\.\p{L}{2}/u,
  // Browsers take this stop for a dot; between words of Japanese it is none.
  /[\p{L}\p{N}_-]\u3002[a-z]{2}/iu,
  /(?:\d{1,3}\.){3}\d{1,3}[/:]/,
]

/** Why an app's message may not stand beside our own words (attack 131): as `textFault`, or it leads somewhere. */
export const messageFault = (text: string): 'address' | ReturnType<typeof textFault> =>
  addresses.some((one) => one.test(text)) ? 'address' : textFault(text)

/** Alphabets whose letters can be taken for one another's (UTS 39). */
const alphabets = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Georgian', /\p{Script=Georgian}/u],
  ['Coptic', /\p{Script=Coptic}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['Lisu', /\p{Script=Lisu}/u],
  ['Deseret', /\p{Script=Deseret}/u],
  ['Tifinagh', /\p{Script=Tifinagh}/u],
] as const

export type Alphabet = (typeof alphabets)[number][0]

const alphabetsIn = (text: string): Alphabet[] =>
  alphabets.filter(([, letters]) => letters.test(text)).map(([name]) => name)

/**
 * Why this text may not be approved, undefined when it may: `unseen` characters, `spaces` that a page would not show,
 * an `unusual` form of a letter or digit (not Unicode NFC, or a compatibility form), or `mixed` alphabets in one word.
 */
export function textFault(text: string): 'empty' | 'unseen' | 'spaces' | 'unusual' | 'mixed' | undefined {
  if (text === '') return 'empty'
  if (!text.isWellFormed() || deceptive.test(text)) return 'unseen'
  if (spacing.test(text)) return 'spaces'
  if (text.normalize('NFC') !== text) return 'unusual'
  if ([...text].some(disguised)) return 'unusual'
  // A digit of another script can stand for quite another value: U+09EA reads as 8 and is 4.
  if (/[^\P{Nd}0-9]/u.test(text)) return 'unusual'
  const words = text.match(/[\p{L}\p{M}]+/gu) ?? []
  return words.some((word) => alphabetsIn(word).length > 1) ? 'mixed' : undefined
}

/** Alphabets other than Latin in a text, which can make a whole word look like a Latin one. */
export const foreignAlphabets = (text: string): Alphabet[] =>
  alphabetsIn(text).filter((name) => name !== 'Latin')

const faultWords = {
  empty: 'a text is needed',
  unseen: 'no characters that cannot be seen, or turn the direction of text',
  spaces: 'plain single spaces, and none at the ends',
  unusual: 'plain letters and digits (Unicode NFC, no full width or mathematical forms)',
  mixed: 'letters of one alphabet in a word',
} as const

/** What does not hold of words that an institution writes for its pages, in words for who wrote them. */
export function wordsFault(text: unknown, max: number): string | undefined {
  if (typeof text !== 'string') return 'a text is needed'
  if (text.length > max) return `at most ${max} characters`
  const fault = textFault(text)
  return fault && faultWords[fault]
}
