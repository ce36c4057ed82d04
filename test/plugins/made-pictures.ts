// Pictures that tests make: good ones, and the parts to make bad ones of.
import { crc32, deflateSync } from 'node:zlib'

export const data = (type: string, bytes: Uint8Array): string =>
  `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`

/** One chunk with its CRC. */
export function chunk(type: string, bytes: Uint8Array = new Uint8Array()): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), bytes])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(bytes.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

interface Png {
  readonly width: number
  readonly height: number
  /** What is compressed; the pixels, each line after a byte for its filter, unless told. */
  readonly raw?: Uint8Array
  /** Chunks between the header and the pixels. */
  readonly more?: readonly Buffer[]
}

/** A PNG of 8 bits grey: dark, with lighter lines. */
export function png({ width, height, raw, more = [] }: Png): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0])
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  const pixels =
    raw ?? Uint8Array.from({ length: height * (width + 1) }, (_, i) => (i % (width + 1) === 0 ? 0 : i % 97))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...more,
    chunk('IDAT', deflateSync(pixels, { level: 9 })),
    chunk('IEND'),
  ])
}

/** 28 by 28. */
export const goodPng: Buffer = png({ width: 28, height: 28 })

// 16 by 16 each, of the same picture; extended sequential, progressive, lossy and lossless.
const of64 = (text: string) => Buffer.from(text, 'base64')
export const goodJpeg: Buffer = of64(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wEEEAANAA0ADQANAA4ADQAOABAAEAAOABQAFgATABYAFAAeABsAGQAZABsAHgAtACAAIgAg' +
    'ACIAIAAtAEQAKgAyACoAKgAyACoARAA8AEkAOwA3ADsASQA8AGwAVQBLAEsAVQBsAH0AaQBjAGkAfQCXAIcAhwCXAL4AtQC+APkA' +
    '+QFOEQANAA0ADQANAA4ADQAOABAAEAAOABQAFgATABYAFAAeABsAGQAZABsAHgAtACAAIgAgACIAIAAtAEQAKgAyACoAKgAyACoA' +
    'RAA8AEkAOwA3ADsASQA8AGwAVQBLAEsAVQBsAH0AaQBjAGkAfQCXAIcAhwCXAL4AtQC+APkA+QFO/8EAEQgAEAAQAwEiAAIRAQMR' +
    'Af/EAFYAAQEAAAAAAAAAAAAAAAAAAAUGEAADAQEAAAAAAAAAAAAAAAAABCExAwEBAQAAAAAAAAAAAAAAAAAAAgURAAICAwAAAAAA' +
    'AAAAAAAAAAACBRESEyL/2gAMAwEAAhEDEQA/AI7glkGOCOQVXSyDq6OQnI+4cZJ1j0f/2Q==',
)
export const progressiveJpeg: Buffer = of64(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wEEEAANAA0ADQANAA4ADQAOABAAEAAOABQAFgATABYAFAAeABsAGQAZABsAHgAtACAAIgAg' +
    'ACIAIAAtAEQAKgAyACoAKgAyACoARAA8AEkAOwA3ADsASQA8AGwAVQBLAEsAVQBsAH0AaQBjAGkAfQCXAIcAhwCXAL4AtQC+APkA' +
    '+QFOEQANAA0ADQANAA4ADQAOABAAEAAOABQAFgATABYAFAAeABsAGQAZABsAHgAtACAAIgAgACIAIAAtAEQAKgAyACoAKgAyACoA' +
    'RAA8AEkAOwA3ADsASQA8AGwAVQBLAEsAVQBsAH0AaQBjAGkAfQCXAIcAhwCXAL4AtQC+APkA+QFO/8IAEQgAEAAQAwEiAAIRAQMR' +
    'Af/EACgAAQEAAAAAAAAAAAAAAAAAAAUGAQEBAAAAAAAAAAAAAAAAAAACBf/aAAwDAQACEAMQAAAAjmFXZz//xAAYEAADAQEAAAAA' +
    'AAAAAAAAAAAABCExA//aAAgBAQABPwDglkOCOQXSyC6OQ//EABYRAQEBAAAAAAAAAAAAAAAAAAIAE//aAAgBAgEBPwAPa//EABgR' +
    'AAIDAAAAAAAAAAAAAAAAAAAFERIi/9oACAEDAQE/AFjOK6P/2Q==',
)
export const goodWebp: Buffer = of64(
  'UklGRk4AAABXRUJQVlA4IEIAAAAwAgCdASoQABAAAgA0JbACdLoAAwkvDDDFgAD+/bNjRleJxVXdr8DF2LfV/Y3nJ+XvYF79Eq/u' +
    'CLL+Ox/8/QyAAAA=',
)
export const losslessWebp: Buffer = of64(
  'UklGRjAAAABXRUJQVlA4TCMAAAAvD8ADAJkyRPQ/NvWvf/Q/QKRtUwf3r3jwdB4mICYArpP1HwA=',
)
