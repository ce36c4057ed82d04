// The pictures that the demo's AA-compatible engine holds: small plain ones of our own, drawn when they are asked for.
import { crc32, deflateSync } from 'node:zlib'
import type { SaidFields } from './risk-rsa-wire.ts'

export interface RsaPicture {
  readonly id: string
  readonly category: string
  readonly text: string
  readonly colours: readonly [back: readonly number[], front: readonly number[]]
}

export const rsaCategories = [
  { key: 'sky', name: 'In the sky' },
  { key: 'sea', name: 'By the sea' },
] as const

const side = 96
const [blue, white, yellow, sand, green, red] = [
  [56, 132, 204],
  [250, 250, 250],
  [244, 196, 48],
  [226, 202, 150],
  [46, 125, 80],
  [200, 60, 50],
] as const

export const rsaPictures: readonly RsaPicture[] = [
  { id: 'img-0042', category: 'sky', text: 'a white cloud', colours: [blue, white] },
  { id: 'img-0043', category: 'sky', text: 'a yellow sun', colours: [blue, yellow] },
  { id: 'img-0044', category: 'sky', text: 'a red balloon', colours: [white, red] },
  { id: 'img-0051', category: 'sea', text: 'a green ball on sand', colours: [sand, green] },
  { id: 'img-0052', category: 'sea', text: 'a blue pool', colours: [sand, blue] },
]

/** The element of one picture; only where it is to be shown alone does it bring its data. */
export function pictureSaid({ id, text, category, colours }: RsaPicture, withData: boolean): SaidFields {
  return {
    altText: text,
    data: withData ? disc(colours).toString('base64') : undefined,
    height: side,
    imageId: id,
    path: `/images/${category}/${id}.png`,
    width: side,
  }
}

/** A disc before a plain ground, as PNG of two colours. */
function disc(colours: RsaPicture['colours']): Buffer {
  const rows = Array.from({ length: side }, (_, y) => {
    const row = Array.from({ length: side }, (_x, x) =>
      Math.hypot(x - side / 2, y - side / 2) < side / 3 ? 1 : 0,
    )
    return Buffer.from([0, ...row])
  })
  const size = Buffer.alloc(13)
  size.writeUInt32BE(side, 0)
  size.writeUInt32BE(side, 4)
  size.set([8, 3], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', size),
    chunk('PLTE', Buffer.from(colours.flat())),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
