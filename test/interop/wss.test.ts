// Our messages before Apache WSS4J, and our assertions before xmlsec1: accepted as sent, refused with one byte changed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Signer } from '../../src/ports/key-store.ts'
import { signAssertion } from '../../src/xml/saml/assertion.ts'
import { content, message, pem, testSigner } from '../xml/signers.ts'

const peers = join(import.meta.dirname, '../peers')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-wss-'))
const file = (name: string) => join(folder, name)
const signers: Record<string, Signer> = {}

function run(script: string, args: readonly string[]): string {
  const done = spawnSync(join(peers, script), args, { encoding: 'utf8' })
  if (done.status === null || done.status > 1)
    throw new Error(`${script} ${args[0]}: ${done.status} ${done.stderr}`)
  return done.stdout
}

beforeAll(async () => {
  for (const name of ['RS256', 'ES256'] as const) signers[name] = await testSigner(name)
  signers.rogue = await testSigner('ES256', 'rogue')
  for (const [name, signer] of Object.entries(signers)) writeFileSync(file(`${name}.pem`), pem(signer))
  run('wss4j.sh', ['trust', file('trust.jks'), file('RS256.pem'), file('ES256.pem')])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The verifier's line for each text, in order, by one start of it: ACCEPT, or REJECT and why. */
function wss4j(texts: readonly string[]): string[] {
  const names = texts.map((text, i) => {
    writeFileSync(file(`m${i}.xml`), text)
    return file(`m${i}.xml`)
  })
  const options = ['--require', 'Body,Timestamp,Assertion', '--audience', 'urn:alder:core:payments']
  return run('wss4j.sh', ['verify', file('trust.jks'), ...options, ...names])
    .trim()
    .split('\n')
}

function xmlsec1(trusted: string, texts: readonly string[]): string[] {
  return texts.map((text) => {
    writeFileSync(file('a.xml'), text)
    return run('verify/xmlsec1.sh', ['assertion', file(`${trusted}.pem`), file('a.xml')])
  })
}

const once = (text: string, what: string, by: string): string => {
  const at = text.indexOf(what)
  if (at < 0) throw new Error(`${what} is not there`)
  return text.slice(0, at) + by + text.slice(at + what.length)
}

describe.each(['RS256', 'ES256'] as const)('%s', (algorithm) => {
  describe.each(['1.1', '1.2'] as const)('SOAP %s', (soap) => {
    test('WSS4J accepts it as sent, and refuses one changed byte of Body, Timestamp, assertion, address', async () => {
      const signer = signers[algorithm] as Signer
      const good = await message({ signer, message: { soap } })
      const plain = await message({ signer, message: { soap, addressing: undefined } })
      const hard = await message({ signer, message: { soap }, content: { subject: 'Zoë <&>"\' \t 😀' } })
      const texts = [
        good,
        plain,
        hard,
        once(good, '125.50', '925.50'),
        good.replace(
          /(<wsu:Expires>[^<]*)(\d)Z</,
          (_, head, digit) => `${head}${(Number(digit) + 1) % 10}Z<`,
        ),
        once(good, '>sub-1<', '>sub-2<'),
        once(good, 'device-pin</saml2:AttributeValue>', 'device-pim</saml2:AttributeValue>'),
        once(good, '/payments</wsa:To>', '/paymentz</wsa:To>'),
        await message({ signer: signers.rogue as Signer, message: { soap } }),
        await message({ signer, assertionSigner: signers.rogue as Signer, message: { soap } }),
        await message({ signer, message: { soap, now: Date.now() - 3_600_000 } }),
        await message({ signer, message: { soap }, content: { audience: 'urn:other' } }),
      ]
      const accepted = expect.stringMatching(/^ACCEPT/)
      const refused = (why: RegExp) => expect.stringMatching(new RegExp(`^REJECT.*(${why.source})`, 'i'))
      const broken = refused(/signature|digest/)
      expect(wss4j(texts)).toEqual([
        ...[accepted, accepted, accepted],
        ...[broken, broken, broken, broken, broken],
        ...[refused(/trust|certif/), refused(/trust|certif/), refused(/expired/), refused(/audience/)],
      ])
    })
  })
  test('xmlsec1 accepts the assertion, alone and in its message, and refuses one changed byte', async () => {
    const signer = signers[algorithm] as Signer
    const assertion = await signAssertion(content(), signer)
    const inside = await message({ signer, message: { assertionBy: 'id' } })
    expect(xmlsec1(algorithm, [assertion, inside])).toEqual([
      expect.stringMatching(/^ACCEPT/),
      expect.stringMatching(/^ACCEPT/),
    ])
    expect(
      xmlsec1(algorithm, [once(assertion, '>sub-1<', '>sub-2<'), once(inside, '>sub-1<', '>sub-2<')]),
    ).toEqual([expect.stringMatching(/^REJECT.*digest/i), expect.stringMatching(/^REJECT.*digest/i)])
    // Not one reference was looked at: there is no key that it trusts.
    expect(xmlsec1(algorithm, [await signAssertion(content(), signers.rogue as Signer)])).toEqual([
      expect.stringMatching(/^REJECT.*References \(ok\/all\): 0\/0/),
    ])
  })
})
