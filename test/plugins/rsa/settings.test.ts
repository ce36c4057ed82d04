// The settings of the RSA provider: what they refuse, and the form that is drawn from them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { isRiskFact } from '../../../src/domain/risk-event.ts'
import { rsaActions } from '../../../src/plugins/risk/rsa-assessment.ts'
import { SettingsRefused } from '../../../src/ports/connector-settings.ts'
import { writeRequest } from '../../../src/xml/rsa/write.ts'
import { plugin } from './rig.ts'

const least = { url: 'https://aa.bank.example/services', callerId: 'bridge', callerCredential: 'secret' }

describe('settings', () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['url', { url: 'ftp://aa.bank.example' }],
    ['url', { url: 'http://aa.bank.example' }],
    ['url', { url: 'https://bridge:secret@aa.bank.example' }],
    ['callerCredential', { callerCredential: ' ' }],
    ['dialect', { dialect: '6.x' }],
    ['callerStyle', { callerStyle: 'SECRET_HMAC_SHA1' }],
    ['runRiskType', { runRiskType: 'NONE' }],
    ['channelIndicator', { channelIndicator: 'ATM', dialect: '7.x' }],
    ['createUsers', { createUsers: true, autoCreateUserFlag: true }],
    ['customFacts.AGE', { customFacts: { AGE: 'device.birthday' } }],
    ['customFacts.1ST', { customFacts: { '1ST': 'device.id' } }],
    ['eventTypes.payee', { eventTypes: { payee: 'add payee' } }],
    ['httpPassword', { httpUsername: 'ann' }],
    ['tlsCertificate', { tlsCertificate: 'no pem' }],
    ['questions', { questions: 0 }],
    ['', { password: 'misspelt' }],
  ])('%s is refused: %j', (path, more) => {
    const thrown = (() => {
      try {
        plugin.check({ ...least, ...more })
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(SettingsRefused)
    const paths = (thrown as SettingsRefused).faults.map((fault) => fault.path)
    expect(paths).toContain(path === '' ? 'settings' : `settings.${path}`)
  })
  test('the least that is needed', () => expect(plugin.check(least)).toBeUndefined())

  test('the form has a field for each, secrets as such', () => {
    const kinds = Object.fromEntries(plugin.fields.map(({ path, kind }) => [path, kind]))
    expect(kinds).toMatchObject({
      ...{ url: 'url', dialect: 'select', callerCredential: 'secret', httpPassword: 'secret' },
      ...{ tlsKey: 'secret-lines', customFacts: 'json', createUsers: 'switch', questions: 'number' },
    })
    const required = plugin.fields.filter((field) => field.required).map(({ path }) => path)
    expect(required).toEqual(['url', 'callerId', 'callerCredential'])
    for (const { path, meaning, label } of plugin.fields) expect([path, meaning, label]).not.toContain('')
  })

  test('what leaves unless an institution lists others: no names of people', () => {
    expect(plugin.facts.every(isRiskFact)).toBe(true)
    for (const name of ['subject.username', 'transaction.creditorName', 'client.latitude'] as const)
      expect(plugin.facts).not.toContain(name)
  })
})

describe('docs/risk-rsa.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/risk-rsa.md'), 'utf8')
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  test('its example is taken', () => {
    const [provider] = parse(yaml).risk.providers
    const camel = (name: string) => name.replace(/_[a-z]/g, (found) => found.slice(1).toUpperCase())
    const entries = Object.entries(provider.settings).map(([name, value]) => [camel(name), value])
    expect(() => plugin.check(Object.fromEntries(entries))).not.toThrow()
    expect(provider.facts.filter((name: string) => !isRiskFact(name))).toEqual([])
    expect(provider.facts).toContain('device.ageDays')
  })
  test('it has every setting, every fact that leaves, and every action as it is', () => {
    const head = page.split('## What is sent')[0] ?? ''
    expect(plugin.fields.map(({ path }) => path).filter((path) => !head.includes(`\`${path}\``))).toEqual([])
    expect(plugin.facts.filter((fact) => !page.includes(`\`${fact}\` *`))).toEqual([])
    const rows = [...page.matchAll(/^\| (`[A-Z].*?) \| ([a-z-]+)/gm)]
    const written = rows.flatMap(([, codes = '', action]) =>
      [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => [code, action] as const),
    )
    const statuses = ['LOCKOUT', 'DELETE', 'UNVERIFIED', 'NOTENROLLED', 'NONE']
    const actions = written.filter(([code = '']) => !statuses.includes(code))
    expect(Object.fromEntries(actions)).toEqual(rsaActions)
  })
})

describe('what no dialect has is a mistake of ours', () => {
  const write = (dialect: 'site-to-user' | '7.x', fields: Parameters<typeof writeRequest>[0]['fields']) =>
    writeRequest({ operation: 'updateUser', dialect, fields })
  test.each([
    () => write('7.x', { siteToUserData: { phrase: 'x' } }),
    () => write('site-to-user', { identificationData: { tenantId: 'x' } }),
    () => write('7.x', { runRiskType: ['ALL', 'ALL'] }),
    () => write('7.x', { runRiskType: {} }),
    () => write('7.x', { deviceRequest: { deviceIdentifier: { hardwareId: 'x' } } }),
    () => write('7.x', { deviceRequest: { deviceIdentifier: { 'xsi:type': 'ATM' } } }),
    () => write('7.x', { userData: {} }),
  ])('%s', (written) => expect(written).toThrow(/has no|repeated|holds|cannot be of type/))
  test('in order, whatever the order', () => {
    const xml = write('7.x', {
      messageHeader: { version: '7.0', apiType: 'ANALYZE_ONLY' },
      actionTypeList: {},
    })
    expect(xml).toContain(
      '<ws:actionTypeList></ws:actionTypeList><ws:messageHeader><ws:apiType>ANALYZE_ONLY</ws:apiType><ws:version>7.0</ws:version>',
    )
  })
  test('what XML cannot carry', () => {
    expect(() => write('7.x', { identificationData: { userName: '\u0001' } })).toThrow('request.malformed')
  })
})
