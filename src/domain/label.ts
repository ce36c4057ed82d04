// A name that people read on our pages: what it shows is what it says.

// Marks that turn the direction of text, or take no room, make one name look like another ("knaB redlA" as "Alder Bank").
// U+200C and U+200D join letters in Persian and in Indic scripts, and stay.
const hidden =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u

export interface LabelFault {
  readonly code: 'name.length' | 'name.hidden' | 'name.empty'
  /** As pages say it, at the field. */
  readonly message: string
}

/** What does not hold of the name of a connection, an app, a core or an institution; undefined when it may be so. */
export function labelFault(name: string): LabelFault | undefined {
  if (name === '' || name.length > 100) return { code: 'name.length', message: '1 to 100 characters' }
  if (hidden.test(name))
    return {
      code: 'name.hidden',
      message: 'no characters that cannot be seen, or turn the direction of text',
    }
  if (/[\p{L}\p{N}]/u.test(name)) return undefined
  return { code: 'name.empty', message: 'a letter or a digit is needed' }
}
