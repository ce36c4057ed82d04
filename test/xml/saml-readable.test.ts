// A kept exchange shows how an answer was made, and of the customer nothing; also where no parser would take it.
import { describe, expect, test } from 'vitest'
import { masked, readableExchange } from '../../src/xml/saml/readable.ts'

describe('texts', () => {
  test.each([
    ['<saml:Issuer>https://idp.example</saml:Issuer>', '<saml:Issuer>https://idp.example</saml:Issuer>'],
    ['<NameID Format="x">alice</NameID>', '<NameID Format="x">[masked, 5 characters]</NameID>'],
    [
      '<a:AttributeValue>Al</a:AttributeValue>',
      '<a:AttributeValue>[masked, 2 characters]</a:AttributeValue>',
    ],
    [
      '<AttributeValue><b>Al</b></AttributeValue>',
      '<AttributeValue><b>[masked, 2 characters]</b></AttributeValue>',
    ],
    ['<Issuer><b/>alice', '<Issuer><b/>[masked, 5 characters]'],
    ['</Issuer>alice', '</Issuer>[masked, 5 characters]'],
    ['<NameID>alice', '<NameID>[masked, 5 characters]'],
    ['<Issuer>x</Issuer><NameID', '<Issuer>x</Issuer>[masked, 7 characters]'],
    ['<!-- alice -->', '[masked, 14 characters]'],
    ['<![CDATA[alice]]>', '[masked, 17 characters]'],
    ['<D Address="10.1.2.3" ID="_1"/>', '<D Address="[masked]" ID="_1"/>'],
    ["<A SessionIndex = 's-alice' x='1'>", '<A SessionIndex="[masked]" x=\'1\'>'],
    ['alice', '[masked, 5 characters]'],
  ])('%s', (xml, shown) => expect(masked(xml)).toBe(shown))
})

test('what cannot be decoded says so and throws nothing', () => {
  const sent = { url: 'https://idp.example/sso?SAMLRequest=!!!' }
  expect(readableExchange(sent, '\u0000').request).toMatch(/cannot be decoded/)
  expect(readableExchange(undefined, '')).toEqual({
    request: '(not kept)',
    answer: '',
    answeredAt: undefined,
  })
  expect(readableExchange({ url: 'no address' }, '').request).toMatch(/cannot be decoded/)
})

test('the IdP’s clock is read where the answer names one', () => {
  const answer = (at: string) => Buffer.from(`<samlp:Response IssueInstant="${at}">`).toString('base64')
  expect(readableExchange(undefined, answer('2026-11-24T12:00:00Z')).answeredAt).toBe(
    Date.parse('2026-11-24T12:00:00Z'),
  )
  expect(readableExchange(undefined, answer('2026-02-30T12:00:00Z')).answeredAt).toBeUndefined()
})
