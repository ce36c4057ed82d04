// Attacks 168 and 170 on what an AA-compatible engine answers: hostile XML, and answers that belong to something else.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hostileAnswers } from '../../src/demo/risk-rsa-hostile.ts'
import type { RsaMix } from '../../src/demo/risk-rsa-script.ts'
import type { Assessment } from '../../src/domain/risk.ts'
import type { RiskChallengeResult, RiskProvider } from '../../src/ports/risk.ts'
import { type RsaRig, startRsa } from '../demo/risk-rsa-rig.ts'
import { eventOf, openRsa, within } from '../plugins/rsa-engine-rig.ts'

let rig: RsaRig
let provider: RiskProvider
/** Whoever follows an address in an answer comes here. */
let lure: Server
let lured = 0

beforeAll(async () => {
  rig = await startRsa({ tries: 1000, users: [{ name: 'alice' }, { name: 'mallory' }] })
  provider = openRsa(rig.url)
  lure = createServer((_, res) => {
    lured += 1
    res.end('<!ENTITY x "x">')
  })
  await new Promise<void>((resolve) => lure.listen(0, '127.0.0.1', resolve))
})
afterEach(() => rig.simulator.unscript())
afterAll(async () => {
  lure.close()
  await rig.stop()
})

const kept = ({ reference, deviceToken }: Assessment) => ({ reference, deviceToken })
const denied = { verdict: { action: 'DENY', score: 980 } } as const

const signIn = (user = 'alice', more: Parameters<typeof eventOf>[2] = {}) =>
  provider.assess(eventOf('sign-in', user, more), within())

/** A sign-in with a code that the engine has given out; what comes of a wrong one. */
async function wrongCode(before: () => void): Promise<RiskChallengeResult | undefined> {
  const event = eventOf('sign-in', 'alice', kept(await signIn()))
  const { reference = {} } = (await provider.challenge?.(event, 'code', within())) ?? {}
  before()
  return provider.authenticate?.(event, { reference, answers: { code: 'wrong' } }, within())
}

/** What became of it: what it said, or that there was no answer. */
const settled = async <T>(asked: Promise<T>, told: (answer: T) => string | undefined): Promise<string> => {
  try {
    return told(await asked) ?? 'nothing'
  } catch {
    return 'no answer'
  }
}

describe('#168 hostile XML from the engine', () => {
  // The one that hides a lie in the header leaves the Body as it was, and the Body is what holds.
  const due = (hostile: string, truth: string) => (hostile === 'wrapped-in-header' ? truth : 'no answer')

  test.each(hostileAnswers)(
    '%s: the engine denies, and the lie around it allows nothing',
    async (hostile) => {
      rig.simulator.script({ ...denied, hostile })
      const began = performance.now()
      expect(await settled(signIn(), ({ action }) => action)).toBe(due(hostile, 'deny'))
      expect(performance.now() - began).toBeLessThan(10_000)
    },
  )

  test.each(hostileAnswers)('%s: nor does it turn a wrong code into a right one', async (hostile) => {
    const result = wrongCode(() => rig.simulator.script({ hostile }))
    expect(await settled(result, (answer) => answer?.state)).toBe(due(hostile, 'failed'))
  })

  test('the control: without it the engine is believed', async () => {
    expect((await signIn()).action).toBe('allow')
    rig.simulator.script(denied)
    expect((await signIn()).action).toBe('deny')
    rig.simulator.unscript()
    expect((await wrongCode(() => undefined))?.state).toBe('failed')
  })

  test('no address in an answer is ever called, and no file is read', async () => {
    const at = `http://127.0.0.1:${(lure.address() as AddressInfo).port}`
    const subsets = [
      `SYSTEM "${at}/evil.dtd"`,
      `[<!ENTITY % x SYSTEM "${at}/evil.ent"> %x;]`,
      '[<!ENTITY x SYSTEM "file:///etc/passwd">]',
    ]
    for (const subset of subsets) {
      const doctype = `<!DOCTYPE soapenv:Envelope ${subset}>`
      expect(
        await settled(
          answeredWith((xml) => doctype + xml),
          ({ action }) => action,
        ),
      ).toBe('no answer')
    }
    // Where a schema is said to be is nothing to us: the answer is as good as without it.
    const located = (xml: string) =>
      xml.replace(
        '<ws:analyzeReturn>',
        `<ws:analyzeReturn xsi:schemaLocation="http://ws.csd.rsa.com ${at}/x.xsd">`,
      )
    for (const change of [located, (xml: string) => xml])
      expect(await settled(answeredWith(change), ({ action }) => action)).toBe('allow')
    expect(lured).toBe(0)
  })
})

/** A sign-in whose true answer passes through the hands of somebody between. */
async function answeredWith(change: (xml: string) => string): Promise<Assessment> {
  const between = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: String(req.headers.soapaction) }
    const answer = await fetch(rig.url, { method: 'POST', headers, body: Buffer.concat(chunks) })
    res.setHeader('content-type', 'text/xml; charset=utf-8')
    res.end(change(await answer.text()))
  })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  try {
    const asked = openRsa(`http://127.0.0.1:${(between.address() as AddressInfo).port}/`)
    return await asked.assess(eventOf('sign-in', 'alice'), within())
  } finally {
    between.closeAllConnections()
    between.close()
  }
}

describe('#170 answers of something else', () => {
  test.each(['request-id', 'user', 'earlier'] as const satisfies readonly RsaMix[])(
    'one with the %s of another is none',
    async (mix) => {
      // The answer before is of another customer, whom the engine allows.
      await signIn('mallory')
      rig.simulator.script({ ...denied, mix })
      expect(await settled(signIn(), ({ action }) => action)).toBe('no answer')
    },
  )

  test('the earlier answer to the same customer is none either', async () => {
    await signIn()
    rig.simulator.script({ ...denied, mix: 'earlier' })
    expect(await settled(signIn(), ({ action }) => action)).toBe('no answer')
  })

  test.each(['request-id', 'user', 'transaction'] as const satisfies readonly RsaMix[])(
    'a right code judged for the %s of another passes nobody',
    async (mix) => {
      const event = eventOf('sign-in', 'alice', kept(await signIn()))
      const challenge = await provider.challenge?.(event, 'code', within())
      if (challenge?.kind !== 'code') throw new Error('no code')
      rig.simulator.script({ mix })
      const { reference, code } = challenge
      const result = provider.authenticate?.(event, { reference, answers: { code } }, within())
      expect(await settled(Promise.resolve(result), (answer) => answer?.state)).toBe('no answer')
    },
  )

  test('a challenge begun for another transaction is none', async () => {
    const event = eventOf('sign-in', 'alice', kept(await signIn()))
    rig.simulator.script({ mix: 'transaction' })
    const begun = Promise.resolve(provider.challenge?.(event, 'code', within()))
    expect(await settled(begun, (challenge) => challenge?.kind)).toBe('no answer')
  })

  // A machine that stalls may not even have asked by the deadline: then it is done anew.
  const timed = { retry: 3 }
  test(
    'an answer that comes too late is dropped, and is not the answer to the next question',
    timed,
    async () => {
      rig.simulator.script({ latencyMs: 250, times: 1 })
      const late = provider.assess(eventOf('sign-in', 'alice'), within(60))
      expect(await settled(late, ({ action }) => action)).toBe('no answer')
      rig.simulator.script({ ...denied, times: 1 })
      const [next, other] = [await signIn(), await signIn('mallory')]
      await new Promise((resolve) => setTimeout(resolve, 250))
      expect([next.action, other.action]).toEqual(['deny', 'allow'])
      // The engine did answer the late one: nobody was there to hear it.
      expect(rig.simulator.calls.at(-1)?.user).toBe('alice')
    },
  )
})
