// Evidence that somebody has made, swapped or touched: what fails is named, and nothing of it ends the program.
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.ts'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { type EvidenceMaterial, strengths } from '../../src/domain/evidence.ts'
import { fileText, signingInput } from '../../src/domain/evidence-bundle.ts'
import { hashOf } from '../../src/domain/transaction.ts'
import { answerTo, asked, type Change, detail, evidence, keys, material, onPage } from './evidence-rig.ts'

const json = (key: object): string => JSON.stringify(key)
const key = json(keys.evidence.jwk)

async function judged(text: string | Buffer, options: { key?: string; log?: string } = {}) {
  const { ok, code, checks, about, fault } = await verifyEvidence({
    ...{ evidence: Buffer.from(text as string), key: options.key ?? key, checkpointKey: options.log },
  })
  const failed = checks.filter((check) => !check.ok).map(({ name }) => name)
  return { ok, code, failed, about, fault }
}

/** Which checks fail of evidence with this change. */
const failing = async (change: Change, options?: { log?: string }) =>
  (await judged(await evidence(change), options)).failed

const other: EvidenceMaterial = {
  ...material,
  id: 'approval-2',
  request: { ...material.request, nonce: 'nonce-2' },
}
const cent = { ...detail, instructedAmount: { amount: '1240.01', currency: 'EUR' } }
const withCent = (one: EvidenceMaterial): EvidenceMaterial => ({
  ...one,
  transaction: { ...one.transaction, detail: cent, hash: hashOf(cent) },
})

test('control: what is genuine holds, of each strength, and says what it rests on', async () => {
  const whole = await judged(await evidence())
  expect(whole).toMatchObject({ ok: true, code: null, failed: [] })
  for (const strength of ['device-key', 'pin'] as const) {
    const weaker = (one: EvidenceMaterial): EvidenceMaterial => ({
      ...(strength === 'pin' ? onPage(one) : { ...one, strength, methods: ['pop', 'mca'] }),
      policy: strength === 'pin' ? one.policy : null,
      transaction:
        strength === 'pin'
          ? one.transaction
          : {
              id: null,
              type: null,
              detail: null,
              hash: hashOf({ type: 'sign_in', client_id: 'alder-api', approval: one.id }),
            },
    })
    expect(await judged(await evidence({ material: weaker }))).toMatchObject({
      failed: [],
      about: { strength },
    })
  }
  for (const strength of strengths)
    expect((await import('../../src/domain/evidence.ts')).strengthMeans[strength]).toContain(
      'That a screen showed the text is not proven.',
    )
})

describe('#252 signed by whoever has no evidence key of this institution', () => {
  const none = async (header: object, signature = 'AA') => {
    const file = JSON.parse(await evidence())
    const input = signingInput(header, file.bundle)
    return fileText({ ...file, signature: `${input.split('.')[0]}..${signature}` })
  }
  test('another institution’s key, and a key that the header brings along', async () => {
    const theirs = await evidence({ key: keys.otherBank.privateKey })
    expect(await judged(theirs)).toMatchObject({ code: 'evidence.signature', failed: ['signature'] })
    const header = { alg: 'ES256', typ: 'drawbridge-evidence+jws', jwk: keys.otherBank.jwk }
    expect(await failing({ key: keys.otherBank.privateKey, header })).toEqual(['signature'])
    expect(
      (await judged(await evidence(), { key: json({ keys: [keys.otherBank.jwk, keys.stranger.jwk] }) }))
        .failed,
    ).toEqual(['signature'])
  })
  test('no algorithm, a secret that is our public key, a header that nobody understands', async () => {
    expect((await judged(await none({ alg: 'none' }))).code).toBe('evidence.signature')
    const header = { alg: 'HS256', typ: 'drawbridge-evidence+jws' }
    const input = signingInput(header, JSON.parse(await evidence()).bundle)
    const mac = createHmac('sha256', key).update(input).digest('base64url')
    expect((await judged(await none(header, mac))).code).toBe('evidence.signature')
    const critical = { alg: 'ES256', typ: 'drawbridge-evidence+jws', crit: ['x'], x: 1 }
    expect(await failing({ header: critical })).toEqual(['signature'])
  })
  test('what the key has signed for another purpose', async () =>
    expect(await failing({ header: { alg: 'ES256', typ: 'JWT' } })).toEqual(['signature']))
})

describe('signed by somebody who has got the evidence key', () => {
  const bundle = (change: (one: EvidenceMaterial) => EvidenceMaterial): Change => ({
    bundle: (one) => ({ ...one, material: change(one.material) }),
  })
  test('#252 a cent, whole and with its hash: neither the log nor the device knows of it', async () => {
    const found = await failing(bundle(withCent))
    expect(found).toEqual(['material', 'event', 'device', 'strength'])
  })
  test('the answer to another question', async () => {
    const swapped = { ...material, signature: await answerTo(other) }
    expect(await failing(bundle(() => swapped))).toEqual(['material', 'device', 'strength'])
  })
  test('another text than the device named', async () => {
    const text = 'Approve this payment?\nAmount: €1.00\nTo: Nordhaven Energy'
    const display = { ...material.display, text }
    expect(await failing(bundle((one) => ({ ...one, display })))).toEqual([
      ...['material', 'display', 'device', 'strength'],
    ])
  })
  test('the event of another approval, of another bank, of a refusal; and one that is not in the log', async () => {
    const event: Change['event'] = (one) => ({ ...one, detail: { ...one.detail, approval: 'approval-2' } })
    expect(await failing({ event })).toEqual(['event'])
    for (const change of [
      { outcome: 'refused' },
      { type: 'approval.asked' },
      { transaction: 'x' },
      { subject: 'y' },
      { device: 'z' },
    ])
      expect(await failing({ event: (one) => ({ ...one, ...change }) as never })).toEqual(['event'])
    const audit = (change: object): Change => ({
      bundle: (one) => ({ ...one, audit: { ...one.audit, ...change } }),
    })
    const said = JSON.parse(JSON.parse(await evidence()).bundle.audit.event)
    expect(await failing(audit({ event: JSON.stringify({ ...said, institution: 'birch' }) }))).toContain(
      'log',
    )
    const { checkpoint } = JSON.parse(await evidence()).bundle.audit
    for (const size of ['9'.repeat(400), '4', '9007199254740992'])
      expect(await failing(audit({ checkpoint: checkpoint.replace('\n7\n', `\n${size}\n`) }))).toContain(
        'log',
      )
    for (const change of [
      { index: 3 },
      { index: 7 },
      { proof: [] },
      { proof: ['AAAA', 'AAAA', 'AAAA'] },
      { checkpoint: 'x\n' },
    ])
      expect(await failing(audit(change))).toContain('log')
  })
  test('a log of another institution, or of nobody; told from ours by who knows its key', async () => {
    expect(await failing({ log: { origin: 'bank.example/birch/audit' } })).toEqual(['checkpoint'])
    expect(
      await failing({ bundle: (one) => ({ ...one, audit: { ...one.audit, key: keys.otherLog.jwk } }) }),
    ).toEqual(['checkpoint'])
    expect(await failing({ bundle: (one) => ({ ...one, audit: { ...one.audit, key: {} } }) })).toEqual([
      'checkpoint',
    ])
    const own: Change = { log: { key: keys.otherLog } }
    expect(await failing(own)).toEqual([])
    expect(await failing(own, { log: json(keys.log.jwk) })).toEqual(['checkpoint'])
    expect(await failing({}, { log: json(keys.log.jwk) })).toEqual([])
    const both = json({ keys: [{ kty: 'OKP' }, keys.otherLog.jwk, keys.log.jwk] })
    expect(await failing({}, { log: both })).toEqual([])
  })
})

describe('the institution itself, with evidence key and log', () => {
  test('cannot make a device’s yes to another cent, text or question', async () => {
    expect(await failing({ signed: withCent })).toEqual(['device', 'strength'])
    const swapped = await answerTo(other)
    expect(await failing({ signed: (one) => ({ ...one, signature: swapped }) })).toEqual([
      'device',
      'strength',
    ])
    const display = { ...material.display, text: 'Nothing' }
    expect(await failing({ signed: (one) => ({ ...one, display }) })).toEqual([
      'display',
      'device',
      'strength',
    ])
  })
  test.each([
    ['a no', { claims: { answer: 'deny' } }],
    ['a token of another kind', { typ: 'dpop+jwt' }],
    ['the device’s other key', { key: keys.stranger.privateKey }],
    ['an answer without its number', { claims: { number: undefined } }],
    ['an answer to another bank', { claims: { aud: 'https://bank.example/birch' } }],
    ['an answer for another app', { claims: { client_id: 'other' } }],
  ] as const)('%s is no yes', async (_name, answer) =>
    expect(await failing({ answer })).toEqual(expect.arrayContaining(['device', 'strength'])),
  )
  test('cannot name a strength that nothing bears out', async () => {
    const signed = (change: Partial<EvidenceMaterial>): Change => ({
      signed: (one) => ({ ...one, ...change }),
    })
    expect(await failing(signed({ methods: ['pop', 'mca'] }))).toEqual(['strength'])
    expect(await failing(signed({ strength: 'agent' }))).toEqual(['strength'])
    expect(await failing(signed({ strength: 'device-key' }))).toEqual(['strength'])
    expect(await failing(signed({ signature: null }))).toEqual(['strength'])
    expect(await failing({ material: (one) => ({ ...onPage(one), methods: ['fed'] }) })).toEqual(['strength'])
  })
  test('cannot give another policy for the one that decided, nor other facts', async () => {
    const { policy } = material
    const kept = (change: object): Change => ({
      material: (one) => ({ ...one, policy: { ...policy, ...change } as never }),
    })
    expect(await failing({ bundle: (one) => ({ ...one, policy: { rules: [], limits: [] } }) })).toEqual([
      'policy',
    ])
    expect(await failing({ bundle: (one) => ({ ...one, policy: null }) })).toEqual(['policy'])
    expect(await failing(kept({ outcome: 'allow', acr: null, reason: 'allowed' }))).toEqual(['policy'])
    expect(await failing(kept({ inputs: {} }))).toEqual(['policy'])
    expect(await failing({ material: (one) => ({ ...one, policy: null }) })).toEqual(['policy'])
    const less = JSON.parse(JSON.stringify(policy?.inputs).replaceAll('"124000"', '"100"'))
    expect(await failing(kept({ inputs: less }))).toEqual(['policy'])
  })
  test('cannot put the times in another order', async () => {
    const times = (change: object): Change => ({
      material: (one) => ({ ...one, times: { ...one.times, ...change } }),
    })
    expect(await failing(times({ expires: asked + 1000 }))).toEqual(['times'])
    expect(await failing(times({ asked: asked + 21_000 }))).toEqual(['times'])
    expect(await failing({ log: { at: asked } })).toEqual(['times'])
    expect(await failing({ answer: { claims: { iat: asked / 1000 - 400 } } })).toEqual(['times'])
    const device = (change: object): Change => ({
      material: (one) => ({ ...one, device: { ...one.device, ...change } as never }),
    })
    expect(await failing(device({ approvalKeyRegisteredAt: asked + 30_000 }))).toEqual(['times'])
    expect(await failing(device({ enrolledAt: asked + 30_000 }))).toEqual(['times'])
  })
})

describe('#252 one character', () => {
  let text = ''
  beforeAll(async () => {
    text = await evidence()
  })
  const letters = [...'aAzZ019-_{}[]":,\\ .é']
  test('changed anywhere, in a name or a value, is found', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...letters), async (nat, letter) => {
        const at = nat % text.length
        // Blanks between the members are nobody's words.
        fc.pre(text[at] !== letter && !/\s/.test(text[at] as string))
        const { ok, code } = await judged(text.slice(0, at) + letter + text.slice(at + 1))
        expect([ok, code]).toEqual([false, expect.stringMatching(/^evidence\.[a-z]+$/)])
      }),
      { numRuns: 400 },
    ))
  test('left out or put in, too', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('', 'a', '0', '"'), async (nat, letter) => {
        const at = nat % text.length
        fc.pre(!/\s/.test(text[at] as string))
        const rest = letter === '' ? text.slice(at + 1) : text.slice(at)
        expect((await judged(text.slice(0, at) + letter + rest)).ok).toBe(false)
      }),
      { numRuns: 100 },
    ))
  test('control: blanks between members change nothing, and so does a copy by another program', async () => {
    expect((await judged(JSON.stringify(JSON.parse(text)))).ok).toBe(true)
    expect((await judged(text.replaceAll('\n', '\r\n'))).ok).toBe(true)
  })
})

describe('a file that is no evidence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-evidence-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  async function typed(...args: string[]) {
    const said = { out: '', error: '' }
    const code = await run(['evidence', 'verify', ...args], {
      env: {},
      out: (more) => {
        said.out += more
      },
      error: (more) => {
        said.error += more
      },
    })
    return { code, ...said }
  }
  const twice = (text: string) => text.replace('"version": 1', '"version": 2, "version": 1')
  test.each<[string, () => string | Buffer | Promise<string | Buffer>]>([
    ['nothing', () => ''],
    ['garbage', () => Buffer.from([0xff, 0xfe, 0, 1, 2])],
    ['ten megabytes', () => Buffer.alloc(10 * 1024 * 1024, '[')],
    ['a deep nest', () => '['.repeat(1_000_000) + ']'.repeat(1_000_000)],
    [
      'a nest in the right place',
      async () => (await evidence()).replace('"risk": []', `"risk": ${'['.repeat(5000)}${']'.repeat(5000)}`),
    ],
    ['null', () => 'null'],
    ['a list', () => '[]'],
    ['half a letter', async () => (await evidence()).replace('Nordhaven', 'Nord\\ud800haven')],
    ['a prototype', async () => (await evidence()).replace('"risk": []', '"__proto__": {}, "risk": []')],
    ['a member that is said twice', async () => twice(await evidence())],
    ['a letter in another spelling', async () => (await evidence()).replace('Nordhaven', '\\u004eordhaven')],
    ['another version', async () => (await evidence()).replace('"version": 1', '"version": 2')],
  ])('%s ends in one line with a code', async (name, content) => {
    const file = at('evidence.json', await content())
    const { code, out, error } = await typed(file, '--key', at('key.json', key))
    expect({ name, code, error }).toEqual({ name, code: 1, error: '' })
    expect(out).toMatch(/^DOES NOT HOLD: [^\n]+ \(evidence\.file\)\n$/)
  })
  test('wrong usage is told as that', async () => {
    const file = at('evidence.json', await evidence())
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    })
    for (const args of [
      [],
      [file],
      [file, file, '--key', at('key.json', key)],
      [file, '--key', join(folder, 'nothing')],
      [join(folder, 'nothing'), '--key', at('key.json', key)],
      ...['', 'x', '{}', '{"keys":[]}', '{"kty":"oct","k":"AA"}', pem as string].map((text, n) => [
        file,
        '--key',
        at(`${n}`, text),
      ]),
    ]) {
      const { code, out, error } = await typed(...args)
      expect([code, out, error.split('\n').length]).toEqual([2, '', 2])
    }
  })
  test('a key in PEM, and one of several, do as well', async () => {
    const file = at('evidence.json', await evidence())
    const pem = (await import('node:crypto'))
      .createPublicKey({ key: keys.evidence.jwk as never, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
    expect((await typed(file, '--key', at('key.pem', pem as string))).code).toBe(0)
    const set = json({
      keys: [
        { ...keys.otherBank.jwk, kid: 'k0' },
        { ...keys.evidence.jwk, kid: 'k1' },
      ],
    })
    expect((await typed(file, '--key', at('set.json', set))).code).toBe(0)
  })
  test('what stands in it does not command the terminal', async () => {
    const sneaky = await evidence({ material: (one) => ({ ...one, reference: 'A\u001b[2J\nHOLDS' }) })
    const { out } = await typed(at('evidence.json', sneaky), '--key', at('key.json', key))
    expect(out).toContain('A\ufffd[2J\ufffdHOLDS')
  })
})
