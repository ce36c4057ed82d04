// The picture of a connection, as it is kept and shown: small, of a known kind, and what it says that it is.

/** Largest picture, in bytes. */
export const longestLogo = 64 * 1024

export interface Logo {
  readonly type: 'image/png' | 'image/jpeg' | 'image/webp'
  readonly bytes: Uint8Array
}

// No SVG: it is a document that may carry scripts and addresses.
const starts: Readonly<Record<Logo['type'], string>> = {
  'image/png': '89504e470d0a1a0a',
  'image/jpeg': 'ffd8ff',
  'image/webp': '52494646',
}

const form = /^data:(image\/(?:png|jpeg|webp));base64,([A-Za-z0-9+/]+={0,2})$/

/** The picture in a `data:` address (RFC 2397); undefined when it is none of ours, too large, or not what it says. */
export function logoIn(text: string): Logo | undefined {
  const [, type, base64 = ''] = text.length > 2 * longestLogo ? [] : (form.exec(text) ?? [])
  if (type === undefined) return undefined
  const bytes = Buffer.from(base64, 'base64')
  const begins = bytes.subarray(0, 16).toString('hex')
  const kind = type as Logo['type']
  return bytes.length <= longestLogo && begins.startsWith(starts[kind]) ? { type: kind, bytes } : undefined
}

/** How a change of the picture is told: by its size, never by its bytes. */
export const logoWords = (text: string): string => {
  const logo = logoIn(text)
  return logo === undefined ? 'no picture' : `${logo.type}, ${logo.bytes.length} bytes`
}
