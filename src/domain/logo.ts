// The picture of a connection, as it is kept and shown: small, of a known kind, and what it says that it is.
import { pictureFacts } from './picture.ts'

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

/** Widest and highest picture, in pixels: enough for any screen, and soon decoded. */
export const widestLogo = 1024
// A progressive JPEG has ten or so; each may cost a pass over all of it and a few bytes.
const mostPasses = 32
// A pixel or two of a hundred is what exports get wrong.
const tolerance = 0.02

export interface LogoFault {
  readonly code:
    | 'logo.kind'
    | 'logo.broken'
    | 'logo.trailing'
    | 'logo.dimensions'
    | 'logo.square'
    | 'logo.moving'
  /** What is wrong, for whoever chose the picture. */
  readonly message: string
}

export const brokenLogo: LogoFault = {
  code: 'logo.broken',
  message: 'The picture breaks off, or is not what it says that it is.',
}

/**
 * What does not hold of a picture that somebody brings, as far as its bytes tell without being decoded; undefined when all
 * does. Whoever takes it decodes it then: what is kept is sent to customers (attack 201).
 */
export function logoFault(text: string): LogoFault | undefined {
  const logo = logoIn(text)
  if (logo === undefined)
    return {
      code: 'logo.kind',
      message: `This is no PNG, JPEG or WebP of at most ${longestLogo / 1024} KiB.`,
    }
  const facts = pictureFacts(logo.type, logo.bytes)
  if (facts === undefined || facts.passes > mostPasses) return brokenLogo
  const { width, height, end, moves } = facts
  const larger = Math.max(width, height)
  if (width === 0 || height === 0 || larger > widestLogo)
    return {
      code: 'logo.dimensions',
      message: `The picture is ${width} × ${height} pixels; 1 to ${widestLogo} each way are taken.`,
    }
  if (end !== logo.bytes.length)
    return { code: 'logo.trailing', message: 'Something follows the end of the picture.' }
  if (moves) return { code: 'logo.moving', message: 'The picture moves; one that stands still is needed.' }
  if (Math.abs(width - height) > Math.max(1, larger * tolerance))
    return {
      code: 'logo.square',
      message: `The picture is ${width} × ${height} pixels; a square one is needed.`,
    }
  return undefined
}

/** How a change of the picture is told: by its size, never by its bytes. */
export const logoWords = (text: string): string => {
  const logo = logoIn(text)
  return logo === undefined ? 'no picture' : `${logo.type}, ${logo.bytes.length} bytes`
}
