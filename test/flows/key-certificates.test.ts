// A certificate by an authority for our next key: asked for, judged, published, and what is refused.
import 'reflect-metadata'
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { OwnKeyPurpose } from '../../src/domain/own-key.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Database } from '../../src/storage/open.ts'
import { startAuthority } from '../plugins/authority.ts'
import { id } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'
import { actor, connection, day, keyRig } from './own-keys-rig.ts'

let place: Scratch
let database: Database
let authority: Awaited<ReturnType<typeof startAuthority>>
let rig: ReturnType<typeof keyRig>
let node: ReturnType<ReturnType<typeof keyRig>['node']>

beforeAll(async () => {
  place = await scratch('embedded')
  ;[database, authority] = await Promise.all([migrated(place), startAuthority()])
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(async () => {
  rig = keyRig(database, [connection(id(), 'idp')])
  node = rig.node()
  await node.keys.prepare(rig.at('saml-signing'), actor)
})

const whichOf = async (state = 'next', purpose: OwnKeyPurpose = 'saml-signing') => {
  const keys = await node.keys.list(rig.institution)
  const { kid = '' } = keys.find((key) => key.state === state && key.purpose === purpose) ?? {}
  return { institution: rig.institution, connection: 'idp', kid }
}
const request = async () => node.keys.request(await whichOf())
const outcome = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) =>
      error instanceof Refusal ? [error.code, error.detail.check].filter(Boolean).join(' ') : error,
  )
const published = async () => {
  node.ownKeys.changed(rig.institution)
  await node.ownKeys.ready(rig.institution, [])
  return (await node.ownKeys.published(rig.at('saml-signing'))).map(({ certificate }) => certificate)
}
const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')

describe('the request', () => {
  test('is of the next key, proves that we hold it, and has no private key in it', async () => {
    const [csr, which] = [await request(), await whichOf()]
    const parsed = new x509.Pkcs10CertificateRequest(csr)
    expect(await parsed.verify()).toBe(true)
    const next = (await node.keys.list(rig.institution)).find(({ kid }) => kid === which.kid)
    const { publicKey } = new X509Certificate(Buffer.from(next?.certificate ?? '', 'base64'))
    expect(Buffer.from(parsed.publicKey.rawData)).toEqual(publicKey.export({ type: 'spki', format: 'der' }))
    expect(csr).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE REQUEST-----\n$/,
    )
    expect((await rig.events()).map(({ type }) => type)).toEqual(['key.prepared'])
  })
  test.skipIf(spawnSync('openssl', ['version']).error !== undefined)('holds for openssl too', async () => {
    const { status, stdout, stderr } = spawnSync('openssl', ['req', '-verify', '-noout', '-text'], {
      input: await request(),
    })
    expect([status, String(stderr)]).toEqual([0, expect.stringMatching(/verif/i)])
    expect(String(stdout)).toMatch(/CN ?= ?\S+ idp saml-signing[\s\S]*2048 bit[\s\S]*Digital Signature/)
  })
  test('is not of the key that signs, nor of one that is not there or has no certificate', async () => {
    expect(await outcome(node.keys.request(await whichOf('active')))).toBe('key.no_next')
    expect(await outcome(node.keys.request({ ...(await whichOf()), kid: 'nobody' }))).toBe('key.unknown')
    const oidc = keyRig(database, [connection(id(), 'op', { type: 'oidc' })])
    const other = oidc.node()
    const [key] = await other.keys.prepare(oidc.at('client-assertion'), actor)
    const which = { institution: oidc.institution, connection: 'op', kid: key?.kid ?? '' }
    expect(await outcome(other.keys.request(which))).toBe('key.unknown')
  })
  test('of the key that decrypts says that it is for that', async () => {
    await node.keys.prepare(rig.at('saml-decryption'), actor)
    const csr = await node.keys.request(await whichOf('next', 'saml-decryption'))
    const { extensions } = new x509.Pkcs10CertificateRequest(csr)
    const usage = extensions.find((one) => one instanceof x509.KeyUsagesExtension)
    expect(usage?.usages).toBe(x509.KeyUsageFlags.keyEncipherment)
  })
})

describe('what the authority has issued', () => {
  test('is published in the place of ours, with its end, and gets the time of a new key; then it signs', async () => {
    const which = await whichOf()
    rig.clock.time += 2 * day
    const pem = await authority.issue(await request(), { now: rig.clock.time, until: 300 })
    await node.keys.certify(which, `${authority.pem}\n${pem}`, actor)
    expect((await published())[1]).toBe(bare(pem))
    const next = (await node.keys.list(rig.institution)).find(({ kid }) => kid === which.kid)
    const expiresAt = Math.floor((rig.clock.time + 300 * day) / 1000) * 1000
    expect(next).toMatchObject({ state: 'next', expiresAt, promotableAt: rig.clock.time + day })
    expect((await rig.events()).at(-1)).toMatchObject({
      type: 'key.certified',
      outcome: 'ok',
      detail: { by: actor.by, kid: which.kid },
    })
    expect(await outcome(node.keys.promote(rig.at('saml-signing'), actor))).toBe('key.unpublished')
    rig.clock.time += day
    await node.keys.promote(rig.at('saml-signing'), actor)
    // Another node opens it by the same certificate.
    const other = rig.node()
    await other.ownKeys.ready(rig.institution, [])
    const signer = await other.ownKeys.signer(rig.at('saml-signing'))
    expect([signer.kid, signer.certificate]).toEqual([which.kid, bare(pem)])
  })
  const at = () => ({ now: rig.clock.time })
  test.each<[string, string, (csr: string) => Promise<string>]>([
    ['that is over', 'not after', (csr) => authority.issue(csr, { ...at(), from: -9, until: -1 })],
    ['that is not valid yet', 'not before', (csr) => authority.issue(csr, { ...at(), from: 1 })],
    ['over SHA-1', 'signature', (csr) => authority.issue(csr, { ...at(), hash: 'SHA-1' })],
    ['that may issue others', 'authority', (csr) => authority.issue(csr, { ...at(), ca: true })],
    [
      'that is for encryption alone',
      'key usage',
      (csr) => authority.issue(csr, { ...at(), usage: x509.KeyUsageFlags.keyEncipherment }),
    ],
    ['of the authority itself', 'key', async () => authority.pem],
    ['that is none', 'format', async () => 'hello'],
    [
      'that is empty inside',
      'format',
      async () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
    ],
    ['without end', 'size', async () => 'A'.repeat(100_000)],
  ])('#204 a certificate %s is refused, and ours stays', async (_, check, make) => {
    const [before, which] = [await published(), await whichOf()]
    const text = await make(await request())
    expect(await outcome(node.keys.certify(which, text, actor))).toBe(`key.certificate ${check}`)
    expect(await published()).toEqual(before)
    expect((await rig.events()).map(({ type }) => type)).toEqual(['key.prepared'])
  })
  test('#204 for another key of ours is refused', async () => {
    await node.keys.prepare(rig.at('saml-decryption'), actor)
    const other = await node.keys.request(await whichOf('next', 'saml-decryption'))
    const pem = await authority.issue(other, at())
    expect(await outcome(node.keys.certify(await whichOf(), pem, actor))).toBe('key.certificate key')
  })
  test('is not taken for a key that has begun to sign meanwhile', async () => {
    const which = await whichOf()
    const pem = await authority.issue(await request(), at())
    await node.keys.promote(rig.at('saml-signing'), actor, { unpublished: true })
    expect(await outcome(node.keys.certify(which, pem, actor))).toBe('key.no_next')
    const { certificate, expiresAt } = { certificate: bare(pem), expiresAt: rig.clock.time }
    const change = { certificate, expiresAt, kid: which.kid, at: rig.clock.time }
    expect(
      await node.unit.run({ institution: rig.institution, reference: 'DB-TEST-0009' }, () =>
        node.ownKeyStore.certify(rig.at('saml-signing'), change),
      ),
    ).toBe(false)
  })
})
