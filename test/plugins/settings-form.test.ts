// The forms of connectors: every setting can be typed, is explained, and comes out of its form as it went in.
import { beforeAll, describe, expect, test } from 'vitest'
import { nameOfField, namesOf, readSettings, typedText, valueAt } from '../../src/console/setting-values.ts'
import { oidcConnector } from '../../src/plugins/connectors/oidc.ts'
import { samlConnector } from '../../src/plugins/connectors/saml.ts'
import { oidcLabels, samlLabels } from '../../src/plugins/connectors/settings-form.ts'
import type { SettingField } from '../../src/ports/connector-settings.ts'
import { makeKey } from '../xml/hostile/idp.ts'

const plugins = [samlConnector({} as never), oidcConnector({} as never)]
const saml = plugins[0]?.form ?? []
let pem = ''
beforeAll(async () => {
  pem = (await makeKey()).pem
})

/** What a browser sends of a form that was not touched. */
function untouched(fields: readonly SettingField[], settings: Readonly<Record<string, unknown>>) {
  const form = new Map<string, string>()
  for (const field of fields) {
    const value = valueAt(settings, field.path) ?? field.usual
    const name = nameOfField(field)
    if (field.kind === 'switch') {
      if (value === true) form.set(name, 'on')
    } else if (field.kind === 'choices') {
      for (const option of (value ?? []) as string[]) form.set(`${name}.${option}`, 'on')
    } else form.set(name, typedText(field, value).replaceAll('\n', '\r\n'))
  }
  return form
}

const full = () => ({
  idpEntityId: 'https://idp.example/',
  ssoUrl: 'https://idp.example/sso',
  certificates: [pem],
  compat: { until: '2026-12-01', allow: ['aes-cbc'] },
  forceAuthn: true,
  authnContexts: ['urn:a', 'urn:b'],
  signed: 'either',
  skewSeconds: 0,
})

describe.each(plugins.map((plugin) => [plugin.type, plugin] as const))('%s', (type, { form, secrets }) => {
  test('has a field of its own kind for every setting, named and explained', () => {
    expect(form.length).toBeGreaterThan(10)
    expect(form.filter(({ kind }) => kind === 'json')).toEqual([])
    expect(form.filter(({ label, meaning }) => label === '' || meaning === '')).toEqual([])
    // What nobody has named is called by its path, which a form survives and a reader does not.
    const labels = type === 'saml' ? samlLabels : oidcLabels
    expect(form.map(({ path }) => path).filter((path) => !Object.hasOwn(labels, path))).toEqual([])
  })
  test('shows no secret', () => {
    const hidden = form.filter(({ path }) => secrets.includes(path))
    expect(hidden.map(({ path }) => path).sort()).toEqual([...secrets].sort())
    for (const field of hidden) expect(typedText(field, 'swordfish')).toBe('')
  })
  test('asks nothing under two names', () => {
    const names = namesOf(form)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('a form that was not touched', () => {
  test('changes nothing, with all that can be said or with the least', () => {
    const { compat: _compat, ...less } = full()
    const least = { idpEntityId: less.idpEntityId, ssoUrl: less.ssoUrl, certificates: [pem] }
    for (const settings of [full(), less, least])
      expect(readSettings(saml, untouched(saml, settings), settings)).toEqual(settings)
  })
  test('takes a certificate as metadata has it, and keeps what is none for the schema to refuse', () => {
    const body = pem.replace(/-----[^-]+-----|\s/g, '')
    const typed = (text: string) => {
      const form = untouched(saml, full()).set('settings.certificates', text)
      return readSettings(saml, form, {}).certificates
    }
    const [one] = typed(body) as string[]
    expect(one?.replace(/\s/g, '')).toBe(pem.replace(/\s/g, ''))
    expect(typed('no certificate')).toEqual(['nocertificate'])
    expect(typed(`${pem}\n${pem}`)).toHaveLength(2)
  })
  test('an emptied field is taken out, a usual value that nobody had written is not written', () => {
    const form = untouched(saml, full()).set('settings.authnContexts', '').set('settings.signed', 'either')
    const { signed: _signed, ...before } = full()
    expect(readSettings(saml, form, before)).toEqual({ ...before, authnContexts: [] })
  })
})
