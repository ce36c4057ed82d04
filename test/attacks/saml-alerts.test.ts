// What raises an alert beside the refusal (R+A in the list of attacks), and what does not.
import { beforeAll, expect, test } from 'vitest'
import { alarmingCodes, Refusal, type RefusalCode } from '../../src/domain/refusal.ts'
import { ALG } from '../../src/xml/names.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { answer, base64, expected, hmacByPublicKey, makeKey, type TestKey } from '../xml/hostile/idp.ts'

let key: TestKey
beforeAll(async () => {
  key = await makeKey()
})

function codeOf(xml: string): RefusalCode | undefined {
  try {
    checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem] })
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
const signedBy = (algorithm: string) =>
  answer({
    key,
    sides: 'assertion',
    assertionForm: { twist: (xml) => xml.replace(ALG.rsaSha256, algorithm) },
  })

test('what no IdP sends by mistake raises an alert', () => {
  const hostile: RefusalCode[] = [
    'saml.shape',
    'saml.schema',
    'saml.malformed',
    'saml.signature_missing',
    'saml.signature_invalid',
    'saml.in_response_to',
    'saml.issuer',
    'saml.replayed',
  ]
  expect(hostile.filter((code) => !alarmingCodes.has(code))).toEqual([])
})
test('what a badly set-up IdP might send does not', () => {
  const honest: RefusalCode[] = ['saml.algorithm', 'saml.expired', 'saml.status', 'saml.audience']
  expect(honest.filter((code) => alarmingCodes.has(code))).toEqual([])
})
test('#20 an HMAC keyed by the public key is forgery; #18 an algorithm of yesterday is a setting', () => {
  expect(codeOf(signedBy(ALG.rsaSha256))).toBeUndefined()
  for (const hmac of ['2000/09/xmldsig#hmac-sha1', '2001/04/xmldsig-more#hmac-sha256']) {
    const assertionForm = hmacByPublicKey(key, `http://www.w3.org/${hmac}`)
    expect(codeOf(answer({ key, sides: 'assertion', assertionForm }))).toBe('saml.signature_invalid')
  }
  expect(codeOf(signedBy('http://www.w3.org/2000/09/xmldsig#rsa-sha1'))).toBe('saml.algorithm')
})
