// Pictures of connections: known kinds, small, and what they say that they are.
import { describe, expect, test } from 'vitest'
import { logoIn, logoWords, longestLogo } from '../../src/domain/logo.ts'

const png = Buffer.from('89504e470d0a1a0a0000000d', 'hex')
const data = (type: string, bytes: Buffer) => `data:${type};base64,${bytes.toString('base64')}`

describe('a logo', () => {
  test.each([
    ['image/png', png],
    ['image/jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['image/webp', Buffer.from('524946460000000057454250', 'hex')],
  ])('of type %s is one', (type, bytes) => {
    expect(logoIn(data(type, bytes))).toMatchObject({ type })
    expect(Buffer.from(logoIn(data(type, bytes))?.bytes ?? [])).toEqual(bytes)
  })
  test.each([
    ['a document that may run scripts', 'data:image/svg+xml;base64,PHN2Zy8+'],
    ['a page', data('text/html', Buffer.from('<script>'))],
    ['markup that says it is a picture', data('image/png', Buffer.from('<svg onload=alert(1)>'))],
    ['one kind under the name of another', data('image/jpeg', png)],
    ['an address elsewhere', 'https://evil.example/logo.png'],
    ['what breaks out of its attribute', `${data('image/png', png)}" onerror="x`],
    ['too large', data('image/png', Buffer.concat([png, Buffer.alloc(longestLogo)]))],
    ['nothing', ''],
  ])('is not %s', (_what, text) => {
    expect(logoIn(text)).toBeUndefined()
  })
  test('is told of by its size', () => {
    expect([logoWords(data('image/png', png)), logoWords('x')]).toEqual(['image/png, 12 bytes', 'no picture'])
  })
})
