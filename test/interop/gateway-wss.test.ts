// What the running gateway really sent, before Apache WSS4J and xmlsec1, with the certificates that it publishes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paymentsNamespace } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { call, enrolled, signIn } from '../journeys/customer.ts'

const peers = join(import.meta.dirname, '../peers')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-gateway-'))
const file = (name: string) => join(folder, name)
let bridge: TestBridge
/** The envelopes as the core got them, by SOAP version. */
const sent: Record<string, string> = {}

function run(script: string, args: readonly string[]): string {
  const done = spawnSync(join(peers, script), args, { encoding: 'utf8' })
  if (done.status === null || done.status > 1)
    throw new Error(`${script} ${args[0]}: ${done.status} ${done.stderr}`)
  return done.stdout
}

beforeAll(async () => {
  bridge = await startBridge()
  const who = await enrolled(bridge)
  const tokens = await signIn(who)
  const body = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:Transfer xmlns:p="${paymentsNamespace}"><p:amount>25.00</p:amount><p:currency>EUR</p:currency><p:debtorAccount>ES9121000418450200051332</p:debtorAccount><p:creditorAccount>DE89370400440532013000</p:creditorAccount><p:creditorName>Nordhaven Energy</p:creditorName></p:Transfer></s:Body></s:Envelope>`
  const answer = await call(who, { method: 'POST', path: '/soap/payments', tokens, body })
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('accepted')])
  sent.message = bridge.world.scene.state.verdict?.xml as string
  const published = await (await fetch(`${bridge.issuer}/soap/payments/certificates`)).text()
  const pems = published.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? []
  expect(pems.length).toBeGreaterThan(0)
  for (const [i, pem] of pems.entries()) writeFileSync(file(`c${i}.pem`), pem)
  writeFileSync(file('all.pem'), pems.join('\n'))
  run('wss4j.sh', ['trust', file('trust.jks'), ...pems.map((_, i) => file(`c${i}.pem`))])
}, 180_000)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await bridge.stop()
})

const once = (what: string | RegExp, by: string): string => {
  const changed = (sent.message as string).replace(what, by)
  if (changed === sent.message) throw new Error(`${what} is not there`)
  return changed
}
/** One other digit in the same place. */
const otherDigit = (digit: string): string => String((Number(digit) + 1) % 10)
const changes = () => {
  const [, expires = ''] = /<wsu:Expires>([^<]+)</.exec(sent.message as string) ?? []
  const at = expires.search(/\dZ$/)
  const later = expires.slice(0, at) + otherDigit(expires[at] as string) + expires.slice(at + 1)
  return {
    Body: once('>25.00<', '>25.01<'),
    Timestamp: once(`<wsu:Expires>${expires}<`, `<wsu:Expires>${later}<`),
    assertion: once(/(<saml2:NameID[^>]*>)(.)/, '$1~'),
  }
}

describe('the message that the core accepted', () => {
  test('is accepted by WSS4J; one byte of Body, Timestamp or assertion changed breaks a signature', () => {
    const texts = [sent.message as string, ...Object.values(changes())]
    const names = texts.map((text, i) => {
      writeFileSync(file(`m${i}.xml`), text)
      return file(`m${i}.xml`)
    })
    const options = ['--require', 'Body,Timestamp,Assertion', '--audience', 'urn:alder:core:payments']
    const lines = run('wss4j.sh', ['verify', file('trust.jks'), ...options, ...names])
      .trim()
      .split('\n')
    expect(lines[0]).toMatch(/^ACCEPT/)
    expect(lines.slice(1)).toEqual(
      lines.slice(1).map(() => expect.stringMatching(/^REJECT .*(signature|digest)/i)),
    )
    expect(lines).toHaveLength(4)
  })
  test('carries an assertion that xmlsec1 accepts; one byte of it changed does not fit the digest', () => {
    const judge = (text: string) => {
      writeFileSync(file('a.xml'), text)
      return run('verify/xmlsec1.sh', ['assertion', file('all.pem'), file('a.xml')])
    }
    expect(judge(sent.message as string)).toMatch(/^ACCEPT/)
    expect(judge(changes().assertion)).toMatch(/^REJECT .*digest/i)
    // The Body is none of the assertion's business.
    expect(judge(changes().Body)).toMatch(/^ACCEPT/)
  })
})
