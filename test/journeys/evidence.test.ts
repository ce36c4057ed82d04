// What proves an approval, from the question to an auditor's desk: exported by API and console, verified by our command and by others' code.
import { execFile } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compactVerify, createLocalJWKSet, importJWK, type JSONWebKeySet } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { apiId, demoRows } from '../../src/demo/institution.ts'
import type { EvidenceFile } from '../../src/domain/evidence-bundle.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import { details } from '../domain/transaction-samples.ts'
import { type Administrator, createAdministrator } from './administrator.ts'
import { type Approver, approve, approver, waiting } from './approver.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { apiToken, pin } from './customer.ts'
import { answered, askedAbout } from './transactions-rig.ts'
import { payment } from './uses-rig.ts'

const otherApi = 'alder-other-api'

/** The demo bank with a second API, and one more bank. */
async function withOthers({ application, world }: TestBridge): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const alder = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const api = alder.relyingParties.find(({ kind }) => kind === 'api') as RelyingParty
  const birch = { ...alder, connections: [], cores: [] }
  await application.apply(
    [
      { ...alder, relyingParties: [...alder.relyingParties, { ...api, id: otherApi }] },
      {
        ...birch,
        institution: { ...alder.institution, id: 'birch', name: 'Birch Bank' },
        relyingParties: [{ ...api, institution: 'birch', scopes: ['openid', 'transactions'] }],
      },
    ],
    { dryRun: false },
  )
}

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-evidence-'))
let bridge: TestBridge
let alice: Approver
let admin: Administrator
let bearer = ''
const events: Record<string, unknown>[] = []

beforeAll(async () => {
  bridge = await startBridge()
  await withOthers(bridge)
  bridge.application.observe((institution, event) => {
    if (institution === 'alder') events.push(JSON.parse(event))
  })
  alice = await approver(bridge)
  bearer = await apiToken(bridge)
  admin = createAdministrator(bridge)
  await admin.join(bridge.world.invitation as string, 'marta')
}, 60_000)
afterAll(async () => {
  await bridge?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function api(path: string, { as = bearer, body }: { as?: string; body?: unknown } = {}) {
  const response = await fetch(`${bridge.issuer}${path}`, {
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
}

/** A payment that the back end asked for, approved on the phone. */
async function approvedOnPhone() {
  const sub = alice.tokens.claims.sub
  const opened = await api('/transactions', { body: { sub, authorization_details: [payment] } })
  expect(opened.status).toBe(201)
  const question = (await waiting(alice)).find(({ id }) => id === opened.json.approval.id)
  const done = await approve(alice, question as never, opened.json.approval.number)
  expect(done.status).toBe(200)
  return { transaction: opened.json.id as string, approval: question?.id as string }
}

const keysAt = async (path: string) =>
  (await (await fetch(`${bridge.issuer}${path}`)).json()) as JSONWebKeySet

const written = (name: string, content: string): string => {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

/** `drawbridge evidence verify` as a process of its own, with nothing of ours in its environment. */
const verified = (args: readonly string[]) =>
  promisify(execFile)(process.execPath, ['src/start.mjs', 'evidence', 'verify', ...args], {
    cwd: root,
    env: {},
  }).then(
    ({ stdout }) => ({ code: 0, out: stdout, error: '' }),
    ({ code, stdout, stderr }) => ({ code: code as number, out: stdout as string, error: stderr as string }),
  )

const sha256 = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** RFC 9162 2.1.3.2, word for word. */
function rootBy(leaf: Buffer, index: number, { size, path }: { size: number; path: Buffer[] }): Buffer {
  let [fn, sn, r] = [index, size - 1, leaf]
  for (const p of path) {
    if (fn % 2 === 1 || fn === sn) {
      r = sha256(Buffer.of(1), p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else r = sha256(Buffer.of(1), r, p)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  expect(sn).toBe(0)
  return r
}

describe('a payment that a back end asked for, approved on the phone', () => {
  let ids: Awaited<ReturnType<typeof approvedOnPhone>>
  let exported: Awaited<ReturnType<typeof api>>
  let file: EvidenceFile
  beforeAll(async () => {
    ids = await approvedOnPhone()
    exported = await api(`/transactions/${ids.transaction}/evidence`)
    file = exported.json
  })

  test('is handed out at once, kept by nobody on the way, and told to the audit', async () => {
    expect([exported.status, exported.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(file.bundle.material).toMatchObject({
      ...{ id: ids.approval, strength: 'device-key+uv', methods: ['pop', 'pin', 'mca'] },
      transaction: { id: ids.transaction, detail: payment },
    })
    expect(events.filter(({ type }) => type === 'evidence.exported')).toMatchObject([
      {
        ...{ outcome: 'ok', reference: file.bundle.material.reference, relyingParty: 'alder-api' },
        detail: { approval: ids.approval, api: 'alder-api' },
      },
    ])
    const same = await api(`/approvals/${ids.approval}/evidence`)
    expect(same.json.bundle).toEqual(file.bundle)
  })

  test('holds for an auditor who has the file and the keys, and nothing of ours', async () => {
    const evidence = written('phone.json', exported.text)
    const key = written('keys.json', JSON.stringify(await keysAt('/evidence/keys')))
    const plain = await verified([evidence, '--key', key])
    expect(plain).toMatchObject({ code: 0, error: '' })
    expect(plain.out.split('\n').filter((line) => line.startsWith('ok '))).toHaveLength(12)
    expect(plain.out).toContain('states  device-key+uv: ')
    expect(plain.out).toContain('That a screen showed the text is not proven.')
    expect(plain.out).toContain('rests   on the key of the log as the institution names it in this file')
    const log = written('log.json', JSON.stringify(await keysAt('/audit/keys')))
    const known = await verified([evidence, '--key', key, '--checkpoint-key', log, '--json'])
    expect(JSON.parse(known.out)).toMatchObject({
      ...{ ok: true, code: null },
      about: { restsOn: expect.arrayContaining(['the key of the log that you gave']) },
    })
  })

  test('and not when a cent of it is another', async () => {
    const key = written('keys.json', JSON.stringify(await keysAt('/evidence/keys')))
    const changed = written('cent.json', exported.text.replace('"1240.00"', '"1240.01"'))
    const { code, out } = await verified([changed, '--key', key])
    expect(code).toBe(1)
    expect(out).toMatch(/^FAIL {2}signature .*\(evidence\.signature\)$/m)
    expect(out).toMatch(/^FAIL {2}transaction .*\(evidence\.transaction\)$/m)
    expect(out).toMatch(/\nDOES NOT HOLD: evidence\.signature\n$/)
  })

  test('holds by the code of others: jose for both signatures, RFC 9162 for the path, Ed25519 for the note', async () => {
    const { bundle, signature } = file
    const { default: canonicalize } = await import('canonicalize')
    const payload = Buffer.from(canonicalize(bundle) as string).toString('base64url')
    const [header, , signed] = signature.split('.')
    const jws = `${header}.${payload}.${signed}`
    const { protectedHeader } = await compactVerify(jws, createLocalJWKSet(await keysAt('/evidence/keys')))
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'drawbridge-evidence+jws' })

    const { material, audit } = bundle
    const approvalKey = await importJWK(material.device?.approvalKey as never, 'ES256')
    const answer = await compactVerify(material.signature as string, approvalKey)
    const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
    expect(JSON.parse(new TextDecoder().decode(answer.payload))).toMatchObject({
      ...{ aud: bridge.issuer, sub: ids.approval, answer: 'approve', client_id: 'alder-api' },
      ...{ hash: hash(canonicalize(payment) as string), display: hash(material.display.text) },
    })

    expect(JSON.parse(audit.event).detail.evidence).toBe(hash(canonicalize(material) as string))
    const [origin, size, top, , line = ''] = audit.checkpoint.split('\n')
    const path = audit.proof.map((one) => Buffer.from(one, 'base64'))
    const leaf = sha256(Buffer.of(0), Buffer.from(audit.event))
    expect(rootBy(leaf, audit.index, { size: Number(size), path }).toString('base64')).toBe(top)
    const [log] = (await keysAt('/audit/keys')).keys
    const note = Buffer.from(line.split(' ')[2] as string, 'base64').subarray(4)
    const text = Buffer.from(`${origin}\n${size}\n${top}\n`)
    expect(verify(null, text, createPublicKey({ key: log as never, format: 'jwk' }), note)).toBe(true)
  })

  test('is nobody else’s: not another API’s, not a customer’s, not of a name that is none', async () => {
    const other = await apiToken(bridge, { id: otherApi })
    for (const path of [`/transactions/${ids.transaction}/evidence`, `/approvals/${ids.approval}/evidence`]) {
      const { status, json } = await api(path, { as: other })
      expect([status, json.code]).toEqual([404, 'evidence.unknown'])
      expect((await api(path, { as: alice.tokens.accessToken })).status).toBe(401)
    }
    for (const id of ['nothing', '%01', 'a%20b']) {
      const { status, json } = await api(`/transactions/${id}/evidence`)
      expect([status, json.code]).toEqual([404, 'evidence.unknown'])
    }
    expect((await api('/transactions/%00/evidence')).json.code).toBe('request.malformed')
    const elsewhere = { scope: 'transactions', issuer: bridge.issuer.replace('alder', 'birch') }
    const theirs = await apiToken(bridge, elsewhere)
    expect((await api(`/approvals/${ids.approval}/evidence`, { as: theirs })).status).toBe(401)
  })
})

test('a payment and a sign-in that a back end began by CIBA hold in the same way', async () => {
  const key = (await importJWK({ ...bridge.world.apiKey }, 'ES256')) as CryptoKey
  const proof = oidc.PrivateKeyJwt({ key, kid: 'alder-api-1' })
  const options = { execute: [oidc.allowInsecureRequests] }
  const client = await oidc.discovery(new URL(bridge.issuer), apiId, undefined, proof, options)
  const evidenceKey = JSON.stringify(await keysAt('/evidence/keys'))
  for (const [extra, transaction] of [
    [{ authorization_details: JSON.stringify([payment]) }, payment],
    [{ binding_message: 'Order 4711' }, null],
  ] as const) {
    const asked = { scope: 'openid', login_hint: alice.tokens.claims.sub as string, ...extra }
    const started = await oidc.initiateBackchannelAuthentication(client, asked)
    const [question] = await waiting(alice)
    expect((await approve(alice, question as never, started.number as string)).status).toBe(200)
    const { text, json } = await api(`/approvals/${question?.id}/evidence`)
    expect(json.bundle.material).toMatchObject({
      ...{ request: { origin: 'backchannel' }, transaction: { detail: transaction } },
    })
    const file = { evidence: Buffer.from(text), key: evidenceKey, checkpointKey: undefined }
    const { checks } = await verifyEvidence(file)
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
  }
})

describe('a payment that was approved by PIN on a page', () => {
  test('comes from the console, in the name of who took it, and says how weak it is', async () => {
    const asked = await askedAbout(alice, details.payment_initiation)
    await answered(alice, asked, { do: 'approve', pin })
    const approvedEvent = events.findLast(({ type }) => type === 'transaction.approved')
    const { id } = (approvedEvent?.detail ?? {}) as { id: string }
    const page = await admin.get(`/transactions/${id}`)
    const [, link = ''] = /href="([^"]+\/evidence)"/.exec(page.body) ?? []
    expect(link).toContain(`/console/transactions/${id}/evidence`)
    const response = await fetch(new URL(link, bridge.issuer), {
      headers: { cookie: await admin.cookies() },
    })
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="evidence-[\w-]+\.json"$/,
    )
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(events.findLast(({ type }) => type === 'evidence.exported')).toMatchObject({
      detail: { by: expect.stringMatching(/./) },
      reference: approvedEvent?.reference,
    })

    const key = written('keys.json', JSON.stringify(await keysAt('/evidence/keys')))
    const { code, out } = await verified([written('pin.json', text), '--key', key])
    expect(out).toContain('no device signed: the PIN was typed on a page of the institution')
    expect(out).toContain('states  pin: ')
    expect(code).toBe(0)
  })

  test('is offered only where there is something, and refused by words where not', async () => {
    const nothing = await admin.get('/transactions/nothing/evidence')
    expect([nothing.status, nothing.body.includes('filename')]).toEqual([404, false])
  })
})
