// What bytes are that are not what was asked for, in words: their kind, size and first bytes, and no more of them.

/** So few that nothing of a secret is in them, though enough to know a kind of file by. */
const firstBytes = 4
const looked = 2048

const sized = (kind: string, bytes: Uint8Array): string => {
  const first = Buffer.from(bytes.subarray(0, Math.min(firstBytes, Math.floor(bytes.length / 4))))
  const hex = first.toString('hex').replace(/(..)(?=.)/g, '$1 ')
  return `${kind}, ${bytes.length} bytes${hex === '' ? '' : `, first ${hex}`}`
}

/** "XML whose root is EntityDescriptor, 5120 bytes, first 3c 6d 64 3a"; never what a secret could be read from. */
export function kindOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing, 0 bytes'
  const text = textIn(bytes)
  return sized(text === undefined ? 'no text' : kindOfText(text), bytes)
}

/** What a person gives who has taken another document for metadata: in words; undefined where it may be XML. */
export function foreignKind(bytes: Uint8Array): string | undefined {
  const text = textIn(bytes)
  if (isPicture(bytes, text)) return 'a picture'
  if (text === undefined || text === '') return undefined
  if (/^<\?php\b/i.test(text)) return 'PHP code'
  if (/^<(!doctype html|html\b)/i.test(text) || kindOfXml(text) === 'XML whose root is html')
    return 'a web page (HTML)'
  if (text.startsWith('<')) return undefined
  if (text.startsWith('-----BEGIN ')) return 'a certificate or a key (PEM)'
  return /^[{[]/.test(text) ? 'JSON' : 'plain text'
}

const signatures = ['89504e47', 'ffd8ff', '47494638', '52494646']

/** By its first bytes, or as a form brings it along. */
const isPicture = (bytes: Uint8Array, text: string | undefined): boolean =>
  text?.startsWith('data:image/') === true ||
  signatures.some((first) => Buffer.from(bytes.subarray(0, 4)).toString('hex').startsWith(first))

function textIn(bytes: Uint8Array): string | undefined {
  try {
    // The end may be in the middle of a letter.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, looked), { stream: true })
    return /[^\P{Cc}\t\n\r]/u.test(text) ? undefined : text.trim()
  } catch {
    return undefined
  }
}

function kindOfText(text: string): string {
  if (text === '') return 'blanks alone'
  if (/^<(!doctype html|html\b)/i.test(text)) return 'an HTML page'
  if (text.startsWith('<')) return kindOfXml(text)
  if (text.startsWith('-----BEGIN ')) return 'a PEM file'
  if (/^[{[]/.test(text)) return 'JSON'
  if (/^SAML(Response|Request)=/i.test(text)) return 'a whole form (the value of its SAMLResponse is meant)'
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return 'a JWT'
  return kindOfLetters(text)
}

function kindOfXml(text: string): string {
  const root = /<(?:[\w.-]+:)?([\w.-]{1,60})(?=[\s/>])/.exec(text)?.[1]
  return root === undefined ? 'a text that begins as XML does' : `XML whose root is ${root}`
}

function kindOfLetters(text: string): string {
  if (/^[A-Za-z0-9+/=%]+$/.test(text) && /%(2B|2F|3D)/i.test(text)) return 'base64 as an address has it (%2B)'
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return 'letters as base64 has them'
  if (/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return 'base64 with blanks or line breaks in it'
  if (/^[\w-]+$/.test(text)) return 'base64 of the alphabet for addresses (- and _)'
  return 'a text'
}
