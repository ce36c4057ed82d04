// The RSA provider against a SOAP stack that is not ours: every operation, both dialects, both ways to prove who calls.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RsaDialect, RsaOperation } from '../../../src/xml/rsa/shapes.ts'
import { caller, type NodeSoapEngine, risk, startNodeSoapEngine } from './node-soap-engine.ts'
import { checkBySchema, eventOf, everyFact, inTime, now, openRsa } from './rig.ts'

const dialects: readonly RsaDialect[] = ['site-to-user', '7.x']
const styles = ['body', 'ws-security'] as const

const full = {
  ...{
    callerId: caller.id,
    callerCredential: caller.credential,
    orgName: 'example-bank',
    groupName: 'default',
  },
  ...{ application: 'mobile-bridge', instanceId: 'bank01', ruleSet: 'default' },
}

describe.each(dialects)('%s', (dialect) => {
  let engine: NodeSoapEngine
  beforeAll(async () => {
    engine = await startNodeSoapEngine(dialect)
  })
  afterAll(() => engine.close())
  beforeEach(() => {
    for (const list of [engine.received, engine.asked, engine.tokens]) list.length = 0
    for (const name of Object.keys(engine.handlers)) delete engine.handlers[name as RsaOperation]
    engine.handlers.analyze = () => risk('ALLOW', 12)
  })
  const open = (more: Readonly<Record<string, unknown>> = {}) =>
    openRsa({ ...full, url: engine.url, dialect, ...more })

  test.each(styles)('every request keeps the schema, in the style %s', async (callerStyle) => {
    const provider = open({ callerStyle, createUsers: true, customFacts: { AGE: 'device.ageDays' } })
    engine.handlers.analyze = () =>
      engine.asked.length === 1
        ? { identificationData: { userStatus: 'NOTENROLLED' } }
        : { identificationData: { userStatus: 'UNVERIFIED' } }
    engine.handlers.updateUser = () => risk('ALLOW')
    const event = eventOf('payment', everyFact, { deviceToken: 'tok', reference: { sessionId: 's' } })
    await provider.assess(event, inTime())
    for (const kind of ['step-up-result', 'failed-sign-in', 'outcome'] as const)
      await provider.report?.(eventOf(kind, everyFact), inTime())
    // What the engine says then is not of interest here; that it is asked, is.
    for (const kind of ['code', 'out-of-band', 'questions'] as const) {
      await provider.challenge?.(event, kind, inTime()).catch(() => {})
      const reference = { kind, token: 't', sessionId: 's', transactionId: 't' }
      const answers = kind === 'out-of-band' ? undefined : { q1: 'a' }
      await provider.authenticate?.(event, { reference, answers }, inTime()).catch(() => {})
    }
    await provider.siteToUser?.get(event, inTime())
    await provider.siteToUser?.set(event, { phrase: 'kite', picture: { id: 'i', text: '' } }, inTime())
    await provider.siteToUser?.browse(event, undefined, inTime())
    await provider.siteToUser?.browse(event, 'birds', inTime())

    for (const envelope of engine.received) checkBySchema(envelope, dialect)
    const operations = new Set(engine.asked.map(({ operation }) => operation))
    const due = 'analyze authenticate challenge createUser notify queryAuthStatus updateUser'.split(' ')
    expect([...operations].toSorted()).toEqual([...due, ...(dialect === '7.x' ? [] : ['query'])].toSorted())
    expect(engine.tokens).toHaveLength(callerStyle === 'body' ? 0 : engine.received.length)
    const credentials = engine.received.map((xml) => xml.split('c4ller-').length - 1)
    expect(new Set(credentials)).toEqual(new Set([1]))
  })

  test('a payment in the words of the engine', async () => {
    const event = eventOf('payment', everyFact, { deviceToken: 'device-token' })
    const customFacts = { AGE: 'device.ageDays', PRESENT: 'device.present', LAT: 'client.latitude' }
    await open({ customFacts }).assess(event, inTime())
    const { request } = engine.asked[0]!
    expect(request.deviceRequest).toMatchObject({
      deviceTokenCookie: 'device-token',
      httpAccept: 'text/html',
      httpAcceptLanguage: 'en-US',
      ipAddress: '198.51.100.7',
      userAgent: 'Mozilla/5.0 "<phone>" & more',
    })
    expect(request.identificationData).toMatchObject({
      ...{ clientTransactionId: 'event-1', groupName: 'default', orgName: 'example-bank' },
      ...{ userName: 'customer-1', userType: 'PERSISTENT' },
    })
    const version = dialect === '7.x' ? '7.0' : '6.0'
    expect(request.messageHeader).toMatchObject({
      requestType: 'ANALYZE',
      apiType: 'DIRECT_SOAP_API',
      version,
    })
    const [eventData] = [request.eventDataList.eventData].flat()
    expect(eventData).toMatchObject({
      eventId: 'event-1',
      eventType: 'PAYMENT',
      transactionData: {
        amount: { amount: 250001, amountInUSD: 250001, currency: 'USD' },
        myAccountData: { accountNumber: 'token-debit' },
        otherAccountData: { accountName: 'Jane <Payee>', accountNumber: 'token-credit' },
      },
    })
    expect([eventData.clientDefinedAttributeList.fact].flat()).toEqual([
      { name: 'AGE', value: '412', dataType: 'INTEGER' },
      { name: 'PRESENT', value: 'true', dataType: 'BOOLEAN' },
      { name: 'LAT', value: '59.4', dataType: 'DOUBLE' },
    ])
    expect(request).toMatchObject({
      runRiskType: 'ALL',
      channelIndicator: 'MOBILE',
      autoCreateUserFlag: false,
    })
  })

  test('what was collected of the device, in the words of the engine', async () => {
    await open({}).assess(eventOf('payment', everyFact), inTime())
    const { deviceRequest } = engine.asked.at(-1)!.request
    expect([deviceRequest.deviceIdentifier].flat()[0]).toMatchObject({
      ...{ hardwareId: 'device-1', deviceModel: 'iPhone17,3', deviceSystemName: 'iOS' },
      ...{ deviceSystemVersion: '19.1', languages: 'en-US,es', screenSize: '390x844' },
    })
    expect(deviceRequest.devicePrint).toMatch(/^version%3D1%26pm%5Ffpua%3D/)
    expect(Object.fromEntries(new URLSearchParams(decodeURIComponent(deviceRequest.devicePrint)))).toEqual({
      ...{ version: '1', pm_fpua: 'mozilla/5.0 "<phone>" & more', pm_fpsc: '24|390|844|844' },
      ...{ pm_fptz: '5.5', pm_fpln: 'lang=en-US|syslang=|userlang=' },
    })
    const { 'client.languages': _languages, ...bare } = everyFact
    const unsaid = Object.fromEntries(
      Object.entries(bare).filter(([name]) => !/screen|utcOffset|colorDepth/.test(name)),
    )
    await open({}).assess(eventOf('payment', unsaid), inTime())
    expect(engine.asked.at(-1)!.request.deviceRequest).not.toHaveProperty('devicePrint')
  })

  test('a UsernameToken: password as text, a nonce of its own each time, created now', async () => {
    const provider = open({ callerStyle: 'ws-security' })
    await provider.assess(eventOf('sign-in'), inTime())
    await provider.assess(eventOf('sign-in'), inTime())
    const [one, two] = engine.tokens.map(({ UsernameToken }) => UsernameToken)
    expect(one.Created).toBe(new Date(now).toISOString())
    expect(one.Password.attributes.Type).toMatch(/#PasswordText$/)
    const nonces = [one, two].map(({ Nonce }) => Buffer.from(Nonce.$value, 'base64'))
    expect(nonces.map(({ length }) => length)).toEqual([16, 16])
    expect(nonces[0]!.equals(nonces[1]!)).toBe(false)
  })

  test.each(styles)('a wrong credential is refused, and told to nobody (%s)', async (callerStyle) => {
    const wrong = open({ callerStyle, callerCredential: 'wr0ng-secret' })
    const error = await wrong.assess(eventOf('sign-in'), inTime()).catch((thrown: unknown) => thrown)
    // node-soap has an answer of its own to tokens that it does not know.
    const code = callerStyle === 'body' ? 'soap.AUTHENTICATION_FAILED' : 'http.401'
    expect(error).toMatchObject({ name: 'RsaFailed', code })
    expect(JSON.stringify({ ...(error as Error), text: String(error) })).not.toMatch(/credential|wr0ng/)
  })
})
