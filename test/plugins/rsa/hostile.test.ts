// Attacks 166-168 and 170 on the RSA provider: engines that hang, answer something else, or answer what would be read as allowed.
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Assessment } from '../../../src/domain/risk.ts'
import { NS } from '../../../src/xml/names.ts'
import { checkBySchema, eventOf, inTime, openRsa, portOf } from './rig.ts'

const secrets = { callerCredential: 'c4ller-credential', deviceToken: 'devic3-token' }

/** What the engine sends back to an envelope of ours. */
interface Sent {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

let script: (asked: string) => Sent | undefined = () => undefined
const server = http.createServer(async (request, response) => {
  const sent = script(await text(request))
  if (sent === undefined) return
  response.writeHead(sent.status ?? 200, { 'content-type': 'text/xml;charset=UTF-8', ...sent.headers })
  response.end(sent.body)
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const provider = () =>
  openRsa({
    url: `http://127.0.0.1:${portOf(server)}/aa`,
    callerId: 'bridge',
    callerCredential: secrets.callerCredential,
  })

const asking = (sent: typeof script, ms?: number): Promise<Assessment> => {
  script = sent
  return provider().assess(eventOf('payment', undefined, { deviceToken: secrets.deviceToken }), inTime(ms))
}

/** An answer that allows, as it is due to that request. */
function allowing(asked: string): string {
  const [, requestId] = /<ws:requestId>([^<]+)</.exec(asked) ?? []
  return (
    `<soapenv:Envelope xmlns:soapenv="${NS.soap11}" xmlns:ws="${NS.rsa}" xmlns:xsi="${NS.xsi}"><soapenv:Body><ws:analyzeResponse><ws:analyzeReturn>` +
    '<ws:identificationData><ws:sessionId>s-1</ws:sessionId><ws:userName>customer-1</ws:userName><ws:userStatus>VERIFIED</ws:userStatus></ws:identificationData>' +
    `<ws:messageHeader><ws:apiType>DIRECT_SOAP_API</ws:apiType><ws:requestId>${requestId}</ws:requestId><ws:requestType>ANALYZE</ws:requestType><ws:timeStamp>2026-11-23T22:00:00Z</ws:timeStamp><ws:version>6.0</ws:version></ws:messageHeader>` +
    '<ws:statusHeader><ws:reasonCode>0</ws:reasonCode><ws:statusCode>200</ws:statusCode></ws:statusHeader>' +
    '<ws:riskResult><ws:riskScore>12</ws:riskScore><ws:triggeredRule><ws:actionCode>ALLOW</ws:actionCode></ws:triggeredRule></ws:riskResult>' +
    '</ws:analyzeReturn></ws:analyzeResponse></soapenv:Body></soapenv:Envelope>'
  )
}

/** That answer with one piece of it changed; `$` stands for the piece. */
const changed = (piece: string, into: string) => (asked: string) => {
  const genuine = allowing(asked)
  if (!genuine.includes(piece)) throw new Error(`the answer has no ${piece}`)
  return { body: genuine.replace(piece, () => into.replaceAll('$', piece)) }
}

const risk = /<ws:riskResult>.*<\/ws:riskResult>/
const wrapped = (open: string, close: string) => (asked: string) => ({
  body: allowing(asked).replace(risk, (found) => `${open}${found}${close}`),
})
const returned = (asked: string) =>
  /<ws:analyzeReturn>.*<\/ws:analyzeReturn>/.exec(allowing(asked))?.[0] ?? ''
const denial =
  '<ws:riskResult><ws:triggeredRule><ws:actionCode>DENY</ws:actionCode></ws:triggeredRule></ws:riskResult>'

describe('is taken', () => {
  test.each<[string, typeof script]>([
    ['an answer', (asked) => ({ body: allowing(asked) })],
    [
      'with a declaration and white space',
      (asked) => ({
        body: `<?xml version="1.0" encoding="utf-8"?>\n${allowing(asked).replaceAll('><', '>\n <')}`,
      }),
    ],
    [
      'with elements that only a newer engine has',
      changed('<ws:riskResult>', '<ws:newer><ws:score>1</ws:score></ws:newer><x:y xmlns:x="u"/>$'),
    ],
    [
      'with nothing said in nil',
      changed('<ws:riskScore>12</ws:riskScore>', '<ws:riskScore xsi:nil="true"/>'),
    ],
    ['with types on every element', changed('<ws:riskScore>', '<ws:riskScore xsi:type="xsd:int">')],
    [
      'with a header that nobody reads',
      changed('<soapenv:Body>', '<soapenv:Header><ws:trace>1</ws:trace></soapenv:Header>$'),
    ],
  ])('%s', async (_, sent) => {
    expect(await asking(sent)).toMatchObject({ action: 'allow', event: 'event-1' })
  })
  test('and the answer that all of this file changes keeps the schema', async () => {
    let body = ''
    await asking((asked) => {
      body = allowing(asked)
      return { body }
    })
    checkBySchema(body, 'site-to-user')
  })
})

const bomb = `<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, n) => `<!ENTITY a${n} "${'&a;'.repeat(10)}">`).join('')}]>`
const echo = `${secrets.callerCredential} ${secrets.deviceToken}`
const fault = (inner: string) =>
  `<soapenv:Envelope xmlns:soapenv="${NS.soap11}" xmlns:ws="${NS.rsa}"><soapenv:Body><soapenv:Fault>${inner}</soapenv:Fault></soapenv:Body></soapenv:Envelope>`

describe('is refused, and repeats no secret (attack 168)', () => {
  test.each<[string, typeof script, RegExp]>([
    ['a DTD', (asked) => ({ body: `<!DOCTYPE x>${allowing(asked)}` }), /malformed/],
    [
      'an entity from elsewhere',
      (asked) => ({ body: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${allowing(asked)}` }),
      /malformed/,
    ],
    ['an entity bomb', (asked) => ({ body: bomb + allowing(asked) }), /malformed/],
    ['a comment', changed('ALLOW', 'ALL<!-- -->OW'), /malformed/],
    ['CDATA', changed('ALLOW', '<![CDATA[ALLOW]]>'), /malformed/],
    ['a processing instruction', changed('ALLOW', '<?x?>ALLOW'), /malformed/],
    [
      'a second return',
      (asked) => ({
        body: allowing(asked).replace('</ws:analyzeReturn>', `</ws:analyzeReturn>${returned(asked)}`),
      }),
      /one return/,
    ],
    [
      'a return in a return',
      (asked) => ({
        body: allowing(asked).replace(
          '<ws:riskResult>',
          `<ws:ext>${returned(asked)}</ws:ext><ws:riskResult>`,
        ),
      }),
      /analyzeReturn where/,
    ],
    [
      'a second Body',
      (asked) => ({ body: allowing(asked).replace('</soapenv:Body>', '</soapenv:Body><soapenv:Body/>') }),
      /malformed/,
    ],
    ['two operations', changed('</ws:analyzeResponse>', '$<ws:notifyResponse/>'), /one element/],
    ['a judgement twice', changed('<ws:riskResult>', `${denial}$`), /riskResult twice/],
    [
      'an action twice',
      changed('<ws:actionCode>', '<ws:actionCode>DENY</ws:actionCode>$'),
      /actionCode twice/,
    ],
    [
      'a judgement of another namespace beside it',
      changed(
        '<ws:riskResult>',
        `${denial.replaceAll('ws:', 'x:').replace('<x:riskResult', '<x:riskResult xmlns:x="u"')}$`,
      ),
      /another namespace/,
    ],
    ['the only judgement in something else', wrapped('<ws:wrapper>', '</ws:wrapper>'), /riskResult where/],
    ['the only judgement in what holds text', wrapped('<ws:statusX>', '</ws:statusX>'), /riskResult where/],
    ['elements in a text', changed('ALLOW', 'ALLOW<ws:x/>'), /elements in actionCode/],
    ['text among elements', changed('<ws:riskScore>', 'DENY$'), /text in riskResult/],
    ['nil that is not', changed('<ws:actionCode>', '<ws:actionCode xsi:nil="true">'), /nil/],
    ['a strange attribute', changed('<ws:riskResult>', '<ws:riskResult href="#id0">'), /strange attribute/],
    [
      'the answer of another operation',
      (asked) => ({ body: allowing(asked).replaceAll('analyze', 'notify') }),
      /analyzeResponse is due/,
    ],
    [
      'another namespace',
      (asked) => ({ body: allowing(asked).replace(NS.rsa, 'http://ws.example') }),
      /analyzeResponse is due/,
    ],
    ['SOAP 1.2', (asked) => ({ body: allowing(asked).replace(NS.soap11, NS.soap12) }), /1\.1/],
    ['a root that repeats secrets', () => ({ body: `<${secrets.callerCredential}/>` }), /another root/],
    [
      'text that repeats secrets',
      () => ({ body: `<a>${echo}&${secrets.deviceToken};</a>` }),
      /not well-formed/,
    ],
    ['nothing', () => ({ body: '' }), /malformed/],
    ['half an answer', (asked) => ({ body: allowing(asked).slice(0, -40) }), /malformed/],
    ['garbage', () => ({ body: Uint8Array.from({ length: 5000 }, (_, n) => (n * 7919) % 256) }), /malformed/],
    ['UTF-16', (asked) => ({ body: Buffer.from(allowing(asked), 'utf16le') }), /malformed/],
    ['too much', changed('<ws:riskResult>', `<ws:x>${'x'.repeat(300_000)}</ws:x>$`), /too large/],
    ['far too much', () => ({ body: 'x'.repeat(4_000_000) }), /fetch\.failed/],
    ['too deep', changed('<ws:riskResult>', `${'<ws:x>'.repeat(90)}${'</ws:x>'.repeat(90)}$`), /malformed/],
    ['too many', changed('<ws:riskResult>', `${'<ws:x/>'.repeat(11_000)}$`), /malformed/],
    [
      'a zipped one',
      (asked) => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(allowing(asked)) }),
      /fetch\.refused/,
    ],
    [
      'JSON',
      (asked) => ({ headers: { 'content-type': 'application/json' }, body: allowing(asked) }),
      /content type/,
    ],
    ['no type', (asked) => ({ headers: { 'content-type': '' }, body: allowing(asked) }), /content type/],
    [
      'another charset',
      (asked) => ({ headers: { 'content-type': 'text/xml; charset=iso-8859-1' }, body: allowing(asked) }),
      /content type/,
    ],
    [
      'a page with status 500',
      () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: echo }),
      /http\.500/,
    ],
    ['an answer with status 500', (asked) => ({ status: 500, body: allowing(asked) }), /status 500/],
    ['an answer with status 404', (asked) => ({ status: 404, body: allowing(asked) }), /http\.404/],
    ['an answer with status 202', (asked) => ({ status: 202, body: allowing(asked) }), /http\.202/],
    [
      'a way elsewhere',
      () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }),
      /fetch\.refused/,
    ],
    [
      'a fault',
      () => ({
        status: 500,
        body: fault(
          `<faultcode>soapenv:Server</faultcode><faultstring>${echo}</faultstring><detail><ws:SoapFault><ws:code>E42</ws:code><ws:description>${echo}</ws:description></ws:SoapFault></detail>`,
        ),
      }),
      /soap\.E42/,
    ],
    [
      'a fault with words for codes',
      () => ({
        status: 500,
        body: fault(
          `<faultcode>${echo}</faultcode><detail><ws:SoapFault><ws:code>${echo}</ws:code></ws:SoapFault></detail>`,
        ),
      }),
      /soap\.unknown/,
    ],
    [
      'a fault with status 200',
      () => ({ body: fault('<faultcode>soapenv:Server</faultcode>') }),
      /soap\.soapenv\.Server/,
    ],
    ['a refusal', changed('<ws:statusCode>200', '<ws:statusCode>300'), /status\.300\.0/],
    [
      'no status',
      changed(
        '<ws:statusHeader><ws:reasonCode>0</ws:reasonCode><ws:statusCode>200</ws:statusCode></ws:statusHeader>',
        '',
      ),
      /no status/,
    ],
  ])('%s', async (_, sent, reason) => {
    const thrown = await asking(sent).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(Error)
    const { name, message, stack, ...rest } = thrown as Error
    expect(`${name} ${message}`).toMatch(reason)
    const said = `${name} ${message} ${stack} ${JSON.stringify(rest)}`
    for (const secret of Object.values(secrets)) expect(said).not.toContain(secret)
  })
})

describe('is of something else (attack 170)', () => {
  const earlier: string[] = []
  test.each<[string, typeof script, RegExp]>([
    ['another request', changed('<ws:requestId>', '<ws:requestId>0'), /another request/],
    [
      'no request',
      (asked) => ({ body: allowing(asked).replace(/<ws:requestId>.*<\/ws:requestId>/, '') }),
      /another request/,
    ],
    ['another operation', changed('<ws:requestType>ANALYZE', '<ws:requestType>NOTIFY'), /another operation/],
    ['another customer', changed('<ws:userName>customer-1', '<ws:userName>customer-2'), /another customer/],
  ])('%s', async (_, sent, reason) => {
    await expect(asking(sent)).rejects.toMatchObject({
      name: 'RiskAnswerMalformed',
      message: expect.stringMatching(reason),
    })
  })
  test('the same answer a second time', async () => {
    await asking((asked) => {
      earlier.push(allowing(asked))
      return { body: earlier[0] as string }
    })
    await expect(asking(() => ({ body: earlier[0] as string }))).rejects.toThrow('another request')
  })
  test('a name in other letters is the same customer', async () => {
    const sent = changed('<ws:userName>customer-1', '<ws:userName>CUSTOMER-1')
    expect(await asking(sent)).toMatchObject({ action: 'allow' })
  })
})

describe('hangs (attack 166)', () => {
  test('whoever asks is free at the deadline', async () => {
    const began = performance.now()
    await expect(asking(() => undefined, 150)).rejects.toMatchObject({ code: 'fetch.failed' })
    expect(performance.now() - began).toBeLessThan(10_000)
  })
  test('nothing more is asked after it', async () => {
    let calls = 0
    const unverified = (asked: string) => {
      calls += 1
      return { body: allowing(asked).replace('VERIFIED', 'UNVERIFIED') }
    }
    script = unverified
    const over = new AbortController()
    const late = { signal: over.signal, ms: 100 }
    const slow = (asked: string) => {
      over.abort()
      return unverified(asked)
    }
    script = slow
    await expect(provider().assess(eventOf('payment'), late)).rejects.toThrow()
    await expect(provider().assess(eventOf('payment'), late)).rejects.toThrow()
    expect(calls).toBe(1)
  })
})
