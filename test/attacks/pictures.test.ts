// Attack 201: what people bring as a logo is sent to customers, so that it must be a picture, all of it and nothing else.
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { longestLogo } from '../../src/domain/logo.ts'
import { pictureFault } from '../../src/flows/pictures.ts'
import { createPictures } from '../../src/plugins/pictures/decoder.ts'
import {
  chunk,
  data,
  goodJpeg,
  goodPng,
  goodWebp,
  losslessWebp,
  png,
  progressiveJpeg,
} from '../plugins/made-pictures.ts'

const pictures = createPictures({ deadlineMs: 20_000 })
const codeOf = async (type: string, bytes: Uint8Array) =>
  (await pictureFault(pictures, data(type, bytes)))?.code

const good: readonly (readonly [string, string, Buffer])[] = [
  ['a PNG', 'png', goodPng],
  ['the largest PNG', 'png', png({ width: 1024, height: 1024, raw: Buffer.alloc(1024 * 1025) })],
  ['a PNG that is square but for a pixel', 'png', png({ width: 200, height: 202 })],
  ['a JPEG', 'jpeg', goodJpeg],
  ['a progressive JPEG', 'jpeg', progressiveJpeg],
  ['a WebP', 'webp', goodWebp],
  ['a lossless WebP', 'webp', losslessWebp],
]
const at = (bytes: Buffer, place: number, value: readonly number[]) => {
  const changed = Buffer.from(bytes)
  changed.set(value, place)
  return changed
}
/** Where the frame of a JPEG says how high and wide it is. */
const frameOf = (bytes: Buffer) =>
  bytes.findIndex((one, i) => one === 0xff && [0xc1, 0xc2].includes(bytes[i + 1] as number)) + 5

describe('control: taken is', () => {
  test.each(good)('%s', async (_, type, bytes) => expect(await codeOf(type, bytes)).toBeUndefined())
})

describe('what is cut off is refused, wherever', () => {
  test.each(good.filter(([, , { length }]) => length < longestLogo))('%s', async (_, type, bytes) => {
    for (let part = 1; part < 8; part += 1) {
      const length = Math.floor((bytes.length * part) / 8)
      expect([length, await codeOf(type, bytes.subarray(0, length))]).toEqual([length, 'logo.broken'])
    }
    expect(await codeOf(type, bytes.subarray(0, -1))).toBe('logo.broken')
  })
  test('also where the end was put back', async () => {
    const half = (bytes: Buffer, end: Uint8Array) =>
      Buffer.concat([bytes.subarray(0, bytes.length - end.length - 20), end])
    expect(await codeOf('jpeg', half(goodJpeg, Buffer.from([0xff, 0xd9])))).toBe('logo.broken')
    expect(await codeOf('png', png({ width: 28, height: 28, raw: Buffer.alloc(400) }))).toBe('logo.broken')
    const webp = goodWebp.subarray(0, -20)
    const sized = at(at(webp, 4, [webp.length - 8]), 16, [webp.length - 20])
    expect(await codeOf('webp', sized)).toBe('logo.broken')
  })
})

test.each([
  ['a PNG', 'png', at(goodPng, 60, [1, 2, 3, 4])],
  ['a JPEG', 'jpeg', Buffer.concat([goodJpeg.subarray(0, 24), Buffer.alloc(300, 0x41)])],
  ['its scan alone', 'jpeg', at(goodJpeg, goodJpeg.length - 30, Array(26).fill(0xfe))],
  ['a WebP', 'webp', at(goodWebp, 20, Array(6).fill(0xaa))],
  ['a lossless WebP', 'webp', at(losslessWebp, 26, Array(20).fill(0xaa))],
])('garbage in %s is refused', async (_, type, bytes) =>
  expect(await codeOf(type, bytes)).toBe('logo.broken'),
)

describe('what is larger than it may be is refused before it is decoded', () => {
  const huge = [0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]
  test.each([
    ['a PNG', 'png', at(goodPng, 16, huge)],
    ['a PNG one pixel too wide', 'png', png({ width: 1025, height: 1025, raw: Buffer.alloc(8) })],
    ['a JPEG', 'jpeg', at(goodJpeg, frameOf(goodJpeg), [0xff, 0xff, 0xff, 0xff])],
    ['a progressive JPEG', 'jpeg', at(progressiveJpeg, frameOf(progressiveJpeg), [0xff, 0xff, 0xff, 0xff])],
    ['a WebP', 'webp', at(goodWebp, 26, [0xff, 0x3f, 0xff, 0x3f])],
    ['a lossless WebP', 'webp', at(losslessWebp, 21, [0xff, 0xff, 0xff, 0x0f])],
    ['a PNG without width', 'png', at(goodPng, 16, [0, 0, 0, 0])],
    ['a PNG without height', 'png', at(goodPng, 20, [0, 0, 0, 0])],
    ['a JPEG whose height is told later (DNL)', 'jpeg', at(goodJpeg, frameOf(goodJpeg), [0, 0])],
    ['a WebP without width', 'webp', at(goodWebp, 26, [0, 0])],
  ])('%s', async (_, type, bytes) => {
    const never = { decodes: () => Promise.reject(new Error('was decoded')) }
    expect((await pictureFault(never, data(type, bytes)))?.code).toBe('logo.dimensions')
  })
  test('and so is a canvas of another size than its picture', async () => {
    const canvas = Buffer.concat([
      Buffer.from('VP8X'),
      Buffer.from([10, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0]),
    ])
    const extended = (bytes: Buffer) => {
      const all = Buffer.concat([goodWebp.subarray(0, 12), bytes, goodWebp.subarray(12)])
      return at(all, 4, [all.length - 8])
    }
    expect(await codeOf('webp', extended(canvas))).toBeUndefined()
    expect(await codeOf('webp', extended(at(canvas, 12, [31, 0, 0, 31])))).toBe('logo.broken')
  })
})

describe('bombs cost a moment, not a minute', () => {
  const soon = async (type: string, bytes: Buffer) => {
    expect(bytes.length).toBeLessThanOrEqual(longestLogo)
    const began = performance.now()
    const code = await codeOf(type, bytes)
    expect(performance.now() - began).toBeLessThan(15_000)
    return code
  }
  test('pixels that go on and on', async () => {
    // Whether more than fits is a fault, libraries differ; it must not be kept in memory.
    await soon('png', png({ width: 28, height: 28, raw: Buffer.alloc(50_000_000) }))
  })
  test('a colour profile of 50 MB', async () => {
    const profile = Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(50_000_000), { level: 9 })])
    await soon('png', png({ width: 28, height: 28, more: [chunk('iCCP', profile)] }))
  })
  test('a progressive JPEG of thousands of scans', async () => {
    const scan = progressiveJpeg.indexOf(Buffer.from([0xff, 0xda]))
    const again = Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0x7f])
    const head = at(progressiveJpeg, frameOf(progressiveJpeg), [4, 0, 4, 0]).subarray(0, scan)
    const scans = Array(4000).fill(again)
    expect(await soon('jpeg', Buffer.concat([head, ...scans, Buffer.from([0xff, 0xd9])]))).toBe('logo.broken')
  })
  test('what takes longer than the deadline is refused, and the next is judged as ever', async () => {
    const hurried = createPictures({ deadlineMs: 1 })
    expect((await pictureFault(hurried, data('png', goodPng)))?.code).toBe('logo.broken')
    expect(await codeOf('png', goodPng)).toBeUndefined()
  })
})

describe('two things in one', () => {
  const page = Buffer.from('<script>alert(1)</script>')
  test.each(good.slice(0, 1).concat(good.slice(3)))(
    '%s with something after its end',
    async (_, type, bytes) => {
      expect(await codeOf(type, Buffer.concat([bytes, page]))).toBe('logo.trailing')
      expect(await codeOf(type, Buffer.concat([bytes, Buffer.alloc(1)]))).toBe('logo.trailing')
      expect(await codeOf(type, Buffer.concat([bytes, bytes]))).toBe('logo.trailing')
    },
  )
  test.each([
    ['a page that begins as a PNG', 'png', Buffer.concat([goodPng.subarray(0, 8), page])],
    ['a page that begins as a JPEG', 'jpeg', Buffer.concat([goodJpeg.subarray(0, 4), page])],
    ['a sound that begins as WebP does', 'webp', Buffer.from('RIFF\x10\0\0\0WAVEfmt \0\0\0\0\0\0', 'latin1')],
  ])('%s', async (_, type, bytes) => expect(await codeOf(type, bytes)).toBe('logo.broken'))
  test('one kind under the name of another', async () => {
    expect(await codeOf('jpeg', goodPng)).toBe('logo.kind')
  })
})

test.each([
  ['not square', 'logo.square', png({ width: 40, height: 20 })],
  ['one that moves', 'logo.moving', png({ width: 28, height: 28, more: [chunk('acTL', Buffer.alloc(8))] })],
])('%s is refused', async (_, code, bytes) => expect(await codeOf('png', bytes)).toBe(code))
