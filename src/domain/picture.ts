// What the bytes of a picture say of it before anybody decodes it: how large, how often drawn, and where it ends.

export interface PictureFacts {
  readonly width: number
  readonly height: number
  /** The first byte after the picture. */
  readonly end: number
  /** How often all of it is drawn over: scans of a progressive JPEG. */
  readonly passes: number
  readonly moves: boolean
}

/** Undefined where the bytes are not of this type, or break off. Nothing is decompressed, and nothing is allocated by what they say. */
export function pictureFacts(type: string, bytes: Uint8Array): PictureFacts | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return readers[type]?.(buffer)
  } catch (error) {
    // A read beyond the end: it breaks off.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const readers: Readonly<Record<string, (bytes: Buffer) => PictureFacts | undefined>> = {
  'image/png': pngFacts,
  'image/jpeg': jpegFacts,
  'image/webp': webpFacts,
}

// PNG (W3C, third edition) 5.3: chunks of length, type, data and CRC; IHDR is the first, IEND the last.
function pngFacts(bytes: Buffer): PictureFacts | undefined {
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return undefined
  let moves = false
  for (let at = 8; ; ) {
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if ((at === 8) !== (type === 'IHDR')) return undefined
    moves ||= type === 'acTL'
    at += 12 + length
    if (at > bytes.length) return undefined
    if (type !== 'IEND') continue
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), end: at, passes: 1, moves }
  }
}

interface Frame {
  readonly width: number
  readonly height: number
}

// ITU-T T.81, B.1.1.3: baseline, extended and progressive, with Huffman codes; browsers show no others.
const frames: readonly number[] = [0xc0, 0xc1, 0xc2]
const otherFrames: readonly number[] = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]
const [startOfImage, endOfImage, startOfScan] = [0xd8, 0xd9, 0xda]

function jpegFacts(bytes: Buffer): PictureFacts | undefined {
  if (bytes.readUInt16BE(0) !== 0xff00 + startOfImage) return undefined
  let frame: Frame | undefined
  let passes = 0
  for (let at = 2; ; ) {
    if (bytes.readUInt8(at) !== 0xff) return undefined
    const marker = bytes.readUInt8(at + 1)
    // B.1.1.2: any marker may have fill bytes before it.
    if (marker === 0xff) at += 1
    else if (marker === endOfImage)
      return frame && passes > 0 ? { ...frame, end: at + 2, passes, moves: false } : undefined
    else {
      if (otherFrames.includes(marker) || marker < 0xc0 || (marker >= 0xd0 && marker <= startOfImage))
        return undefined
      if (frames.includes(marker)) {
        if (frame !== undefined) return undefined
        frame = { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
      }
      at += 2 + bytes.readUInt16BE(at + 2)
      if (marker !== startOfScan) continue
      passes += 1
      at = afterScan(bytes, at)
    }
  }
}

/** Inside a scan FF is data when a zero follows, or a restart marker; what else it begins is the next segment. */
function afterScan(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes.readUInt8(at + 1)
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at
  }
  throw new RangeError('no end of the scan')
}

// RFC 9649 2.3 and 2.7: a RIFF file of one size, with chunks that are padded to even lengths.
function webpFacts(bytes: Buffer): PictureFacts | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP')
    return undefined
  const end = 8 + bytes.readUInt32LE(4)
  if (end > bytes.length) return undefined
  const sizes: Frame[] = []
  let moves = false
  let at = 12
  while (at < end) {
    const type = bytes.toString('latin1', at, at + 4)
    const data = at + 8
    const size = webpSizes[type]?.(bytes, data)
    if (size !== undefined) sizes.push(size)
    moves ||= type === 'ANIM' || type === 'ANMF'
    const length = bytes.readUInt32LE(at + 4)
    at = data + length + (length % 2)
  }
  const [first] = sizes
  // What one chunk says of the canvas, the one with the picture must say too.
  const agree = sizes.every(({ width, height }) => width === first?.width && height === first.height)
  return first && at === end && agree ? { ...first, end, passes: 1, moves } : undefined
}

const webpSizes: Readonly<Record<string, (bytes: Buffer, at: number) => Frame>> = {
  'VP8 ': (bytes, at) => ({
    width: bytes.readUInt16LE(at + 6) & 0x3fff,
    height: bytes.readUInt16LE(at + 8) & 0x3fff,
  }),
  VP8L: (bytes, at) => {
    const both = bytes.readUInt32LE(at + 1)
    return { width: (both & 0x3fff) + 1, height: ((both >>> 14) & 0x3fff) + 1 }
  },
  VP8X: (bytes, at) => ({
    width: bytes.readUIntLE(at + 4, 3) + 1,
    height: bytes.readUIntLE(at + 7, 3) + 1,
  }),
}
