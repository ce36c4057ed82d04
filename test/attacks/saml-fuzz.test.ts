// Genuine SAML answers taken apart and put together at random: refused, or read exactly as they were signed.
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { NS } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { all, parseTree } from '../../src/xml/tree.ts'
import {
  answer,
  assertionXml,
  base64,
  expected,
  genuine,
  makeKey,
  type Sides,
  type TestKey,
} from '../xml/hostile/idp.ts'

let key: TestKey
beforeAll(async () => {
  // An EC key: its signatures are made and checked faster, and the pieces are the same.
  key = await makeKey('ec')
})

const sides = ['assertion', 'response', 'both'] as const
const attributes =
  '<saml:Attribute Name="role"><saml:AttributeValue>teller</saml:AttributeValue></saml:Attribute>'
const made = (side: Sides) => answer({ key, sides: side, facts: { attributes } })

/** All that the flow would go by; undefined when refused. Throws when anything but a Refusal was thrown. */
function read(xml: string | Buffer) {
  try {
    const subject = checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem] })
    const { checks: _, verified: __, ...meaning } = subject
    return { ...meaning, attributes: [...meaning.attributes] }
  } catch (error) {
    if (error instanceof Refusal && /^saml\./.test(error.code)) return undefined
    throw error
  }
}

const stranger = () => ({
  evil: assertionXml({ ...genuine, assertionId: '_evil', nameId: 'mallory' }),
  name: '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">mallory</saml:NameID>',
})

interface Piece {
  readonly start: number
  readonly end: number
}

const piecesOf = (xml: string): Piece[] =>
  [...all(parseTree(xml).root)].map(({ start, end }) => ({ start, end }))

/** Declares the prefixes on a piece, so that it can stand anywhere. */
const loose = (piece: string): string =>
  piece.replace(/^<([\w:]+)/, (start) => {
    const missing = Object.entries({ saml: NS.saml2, samlp: NS.samlp, ds: NS.ds }).filter(
      ([prefix]) => !piece.slice(0, piece.indexOf('>')).includes(`xmlns:${prefix}=`),
    )
    return start + missing.map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`).join('')
  })

const acts = ['copy', 'move', 'remove', 'swap', 'evil', 'name', 'wrap', 'rename', 'id'] as const

interface Step {
  readonly act: (typeof acts)[number]
  readonly from: number
  readonly to: number
}

function apply(xml: string, { act, from, to }: Step): string {
  const pieces = piecesOf(xml)
  const source = pieces[from % pieces.length] as Piece
  const place = pieces[to % pieces.length] as Piece
  const text = xml.slice(source.start, source.end)
  const before = (what: string) => xml.slice(0, place.start) + what + xml.slice(place.start)
  const instead = (what: string) => xml.slice(0, source.start) + what + xml.slice(source.end)
  const inside = (what: string) => {
    const end = xml.lastIndexOf('</', place.end)
    return end > place.start ? xml.slice(0, end) + what + xml.slice(end) : before(what)
  }
  switch (act) {
    case 'copy':
      return to % 2 ? before(loose(text)) : inside(loose(text))
    case 'move': {
      const without = instead('')
      const at = Math.min(place.start, without.length)
      return without.slice(0, at) + loose(text) + without.slice(at)
    }
    case 'remove':
      return instead('')
    case 'swap':
      return instead(loose(xml.slice(place.start, place.end)))
    case 'evil':
      return to % 2 ? before(stranger().evil) : inside(stranger().evil)
    case 'name':
      return to % 2 ? before(stranger().name) : instead(stranger().name)
    case 'wrap':
      return instead(`<samlp:Extensions xmlns:samlp="${NS.samlp}">${loose(text)}</samlp:Extensions>`)
    case 'rename':
      return instead(text.replaceAll('saml:', 'samlp:').replaceAll('alice', 'mallory'))
    case 'id':
      return xml.replace(/ID="_[ar]1"/, to % 2 ? 'ID="_evil"' : 'Id="_a1"')
  }
}

const step = fc.record({ act: fc.constantFrom(...acts), from: fc.nat(200), to: fc.nat(200) })

describe.each(sides)('signed: %s', (side) => {
  test('control: as it is, it is read', () => {
    expect(read(made(side))).toMatchObject({
      nameId: { value: 'alice' },
      attributes: [['role', ['teller']]],
    })
  })
  test('elements copied, moved, removed, swapped, wrapped, renamed, with strangers put in', () => {
    const whole = made(side)
    const meaning = read(whole)
    const counts = { refused: 0, same: 0 }
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
        let xml = whole
        try {
          for (const one of steps) xml = apply(xml, one)
        } catch {
          // Two steps can leave what is no XML any more, which the third cannot cut: nothing to deliver.
          return
        }
        const found = read(xml)
        counts[found ? 'same' : 'refused'] += 1
        if (found) expect(found).toEqual(meaning)
      }),
      { numRuns: 700 },
    )
    expect(counts.refused).toBeGreaterThan(300)
  })
  test('bytes changed, cut out or doubled', () => {
    const bytes = Buffer.from(made(side))
    const meaning = read(bytes)
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      count: fc.integer({ min: 0, max: 4 }),
      put: fc.uint8Array({ maxLength: 4 }),
    })
    let refused = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const changed = changes.reduce(
          (now, { at, count, put }) => Buffer.concat([now.subarray(0, at), put, now.subarray(at + count)]),
          bytes,
        )
        const found = read(changed)
        if (found) expect(found).toEqual(meaning)
        else refused += 1
      }),
      { numRuns: 500 },
    )
    expect(refused).toBeGreaterThan(200)
  })
})
