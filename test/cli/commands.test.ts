// The command line, as somebody at a keyboard meets it; the commands work on a real embedded database.
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands, run } from '../../src/cli/commands.ts'
import { startAuthority } from '../plugins/authority.ts'

const examples = join(import.meta.dirname, '../../config/institutions')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-cli-'))
const settings = join(folder, 'drawbridge.yaml')
const env = { TEST_KEY: randomBytes(32).toString('base64') }

beforeAll(() => {
  writeFileSync(
    settings,
    [
      'mode: development',
      'public_url: http://localhost:8080',
      `database: { data_directory: ${join(folder, 'data')} }`,
      'keys: { master: env:TEST_KEY }',
      'log: { destination: stderr, level: error }',
    ].join('\n'),
  )
  for (const name of ['alder.yaml', 'alder-idp.pem']) copyFileSync(join(examples, name), join(folder, name))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function typed(line: string | readonly string[], environment: Record<string, string> = env) {
  const said = { out: '', error: '' }
  const code = await run(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    env: environment,
    out: (text) => {
      said.out += text
    },
    error: (text) => {
      said.error += text
    },
  })
  return { code, ...said }
}

describe('usage', () => {
  test('--help lists every command, and each has help of its own', async () => {
    const { code, out } = await typed('--help')
    expect(code).toBe(0)
    expect(commands.map(({ name }) => name)).toEqual([
      'serve',
      'demo',
      'migrate',
      'apply',
      'check-config',
      'describe-config',
      'journey',
      'audit verify',
      'evidence verify',
      'saml explain',
      'risk shadow',
      'console invite',
      'keys list',
      'keys rotate',
      'keys promote',
      'keys request',
      'keys certify',
      'keys remove',
    ])
    for (const { name, options } of commands) {
      expect(out).toContain(`  ${name} `)
      const help = await typed(`${name} --help`)
      expect(help.code).toBe(0)
      expect(help.out).toContain(`Usage: drawbridge ${name} [options]`)
      for (const option of Object.keys(options)) expect(help.out).toContain(`--${option}`)
    }
  })

  test.each([
    ['serv', 'no command serv. Did you mean serve?'],
    ['audit', 'no command audit. Did you mean audit verify?'],
    ['xyzzy', 'no command xyzzy. See'],
    ['serve --confg x', 'serve has no option --confg; did you mean --config?'],
    ['serve -x', 'serve has no option -x'],
    ['serve --config', '--config needs a value: --config FILE'],
    ['journey --json=yes', '--json takes no value'],
    ['serve here', 'serve takes no here'],
    ['apply', 'apply needs a file at least'],
    ['demo --port 99999', '99999 is no port'],
    ['keys list', '--institution is needed'],
    ['keys promote --institution alder', '--connection is needed'],
    ['keys rotate --institution alder --connection sign-in --purpose x', '--purpose is one of saml-signing'],
    ['keys remove --institution alder --connection sign-in', '--kid is needed'],
    ['audit verify --since x --config y', '--since: the file x cannot be read'],
  ])('%s ends with 2 and a hint', async (line, hint) => {
    const { code, error } = await typed(line)
    expect(error).toContain(hint)
    expect(code).toBe(2)
  })

  test('nothing at all shows the overview and ends with 2', async () => {
    expect(await typed('')).toMatchObject({
      code: 2,
      out: expect.stringContaining('Usage: drawbridge COMMAND'),
    })
  })
})

describe('without a good configuration', () => {
  test('serve ends with 78 and says what to do (attack 243)', async () => {
    const cwd = process.cwd()
    process.chdir(folder)
    try {
      const { code, error } = await typed('serve')
      expect(code).toBe(78)
      expect(error).toContain('no configuration: there is no config/drawbridge.yaml')
      expect(error).toContain('npm start')
    } finally {
      process.chdir(cwd)
    }
  })

  test('serve ends with 78 and every fault; check-config with 1', async () => {
    const bad = join(folder, 'bad.yaml')
    const settings = ['public_url: http://login.bank.example', 'keys: { master: env:NONE }']
    writeFileSync(bad, [...settings, 'database: { data_directory: none }\n'].join('\n'))
    const faults = [
      `${bad}:3: database.url: production needs a PostgreSQL server`,
      `${bad}:1: public_url: production needs https`,
      `${bad}:2: keys.master: the variable NONE is not set`,
    ]
    const serve = await typed(`serve --config ${bad}`)
    const check = await typed(`check-config --config ${bad}`)
    expect([serve.code, check.code]).toEqual([78, 1])
    for (const fault of faults) {
      expect(serve.error).toContain(fault)
      expect(check.error).toContain(fault)
    }
    expect(check.error).toContain('3 faults')
  })

  test('check-config says so when all is well, institution files too', async () => {
    const { code, out } = await typed(`check-config --config ${settings} ${folder}/alder.yaml`)
    expect({ code, out }).toEqual({ code: 0, out: 'the configuration holds\n' })
  })

  test('check-config has risk engines judged by their plugins, in every file that can be read', async () => {
    const [engine, broken] = [join(folder, 'engine.yaml'), join(folder, 'broken.yaml')]
    const risk = (type: string, set: string) =>
      `institution: { id: oak, name: Oak }\nrisk: { providers: [{ id: a, type: ${type}, settings: ${set} }], events: {} }\n`
    writeFileSync(broken, 'institution: { id: elm }\n')
    writeFileSync(engine, risk('signal', '{}'))
    const unknown = await typed(`check-config --config ${settings} ${broken} ${engine}`)
    expect(unknown.code).toBe(1)
    expect(unknown.error).toContain(
      `${engine}:2: risk.providers[0].type: no risk provider of type signal; there are signals,`,
    )
    expect(unknown.error).toContain('institution.name')
    writeFileSync(engine, risk('service', '{ url: "ftp://engine.example" }'))
    expect((await typed(`check-config --config ${settings} ${engine}`)).error).toContain(
      `${engine}:2: risk.providers[0].settings.url: `,
    )
    writeFileSync(engine, risk('signals', '{}'))
    expect((await typed(`check-config --config ${settings} ${engine}`)).out).toBe('the configuration holds\n')
  })

  test('check-config has the settings of a telephone operator judged, with their lines', async () => {
    const file = join(folder, 'operator.yaml')
    const asked = (url: string) => {
      const text = ['line_facts:', '  type: camara-sim-swap', '  max_age_hours: 72', '  settings:']
      const given = [`    url: ${url}`, '    authentication: none']
      writeFileSync(file, ['institution: { id: oak, name: Oak }', ...text, ...given, ''].join('\n'))
      return typed(`check-config --config ${settings} ${file}`)
    }
    expect(await asked('https://api.operator.example/v2')).toMatchObject({ code: 0 })
    expect((await asked('http://api.operator.example/v2')).error).toContain(
      `${file}:6: line_facts.settings.url: `,
    )
  })

  test('check-config has the addresses of pings judged by the networks that we may reach', async () => {
    const file = join(folder, 'pings.yaml')
    const key = `{ kty: EC, crv: P-256, x: ${'a'.repeat(43)}, y: ${'b'.repeat(43)} }`
    const check = (endpoint: string) => {
      writeFileSync(
        file,
        [
          'institution: { id: oak, name: Oak }',
          'relying_parties:',
          `  - { id: shop, name: Shop, kind: api, keys: [${key}],`,
          '      backchannel: { token_delivery_mode: ping,',
          `        client_notification_endpoint: ${endpoint} } }`,
        ].join('\n'),
      )
      return typed(`check-config --config ${settings} ${file}`)
    }
    expect((await check('https://shop.example/pings')).out).toBe('the configuration holds\n')
    const place = `${file}:5: relying_parties[0].backchannel.client_notification_endpoint: `
    expect((await check('https://10.1.2.3/pings')).error).toContain(
      `${place}nothing is sent there (network: 10.1.2.3`,
    )
    expect((await check('http://127.0.0.1:1/pings')).error).toContain(`${place}nothing is sent there`)
    expect((await check('http://shop.example/pings')).error).toContain(`${place}a https address`)
  })

  test('the demo refuses production, and a directory that it did not make', async () => {
    const production = await typed('demo', { NODE_ENV: 'production' })
    expect(production).toMatchObject({
      code: 78,
      error: expect.stringContaining('does not run in production'),
    })
    const foreign = await typed(`demo --data ${folder}`)
    expect(foreign).toMatchObject({ code: 78, error: expect.stringContaining('that the demo did not make') })
  })
})

test('describe-config prints the page that is committed', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  expect(await typed('describe-config')).toEqual({ code: 0, out: page, error: '' })
})

describe('apply, on a database', () => {
  const alder = join(folder, 'alder.yaml')
  const apply = (options = '') => typed(`apply --config ${settings} ${options} ${alder}`)

  test('a dry run on an empty database asks for migrate first', async () => {
    expect(await apply('--dry-run')).toMatchObject({
      code: 1,
      error: expect.stringContaining('drawbridge migrate'),
    })
    const migrated = await typed(`migrate --config ${settings}`)
    expect(migrated).toMatchObject({ code: 0, out: expect.stringContaining('applied 0001') })
    expect((await typed(`migrate --config ${settings}`)).out).toBe('nothing to apply\n')
  }, 90_000)

  test('says what it would do, does it, and then has nothing to do', async () => {
    const dry = await apply('--dry-run')
    expect(dry.out).toBe(
      '+ alder\n+ alder relying party alder-mobile\n+ alder connection sign-in\n+ alder core payments\n4 would change\n',
    )
    expect((await apply()).out).toBe(dry.out.replace('would change', 'changed'))
    expect((await apply()).out).toBe('nothing to change\n')
  })

  test('what only plugins and networks refuse has its line as well, and nothing is changed', async () => {
    const odd = join(folder, 'odd.yaml')
    const key = '{ kty: EC, crv: P-256, x: x, y: y }'
    const lines = [
      'institution: { id: oak, name: Oak }',
      'relying_parties:',
      '  - { id: shop, name: Shop, kind: api,',
      `      keys: [${key}],`,
      '      backchannel: { token_delivery_mode: ping,',
      '        client_notification_endpoint: https://10.0.0.1/pings } }',
      'risk:',
      '  providers:',
      '    - { id: a, type: signals }',
      '    - id: b',
      '      type: service',
      '      settings:',
      '        url: ftp://engine.example',
      '  events: {}',
    ]
    writeFileSync(odd, lines.join('\n'))
    const { code, error } = await typed(`apply --config ${settings} ${alder} ${odd}`)
    expect(code).toBe(1)
    expect(error).toContain(
      `${odd}:6: relying_parties[0].backchannel.client_notification_endpoint: nothing is sent`,
    )
    expect(error).toContain(`${odd}:13: risk.providers[1].settings.url: `)
    expect(await typed(`check-config --config ${settings} ${alder} ${odd}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining(`${odd}:13: risk.providers[1].settings.url: `),
    })
    expect((await apply()).out).toBe('nothing to change\n')
  })

  test('names the fields of a change, and rows that go; the audit tells of both', async () => {
    const text = readFileSync(alder, 'utf8')
    const changed = text
      .replace('GBP: "500.00"', 'GBP: "250.00"')
      .replace(/^cores:[\s\S]*$/m, '')
      .replace(', "core:payments"', '')
    writeFileSync(alder, changed)
    expect((await apply()).out).toBe(
      '~ alder: stepUpOver.GBP\n~ alder relying party alder-mobile: scopes[4]\n- alder core payments\n3 changed\n',
    )
    const audit = await typed(`audit verify --config ${settings} --json`)
    expect(audit.code).toBe(0)
    expect(JSON.parse(audit.out)).toMatchObject({ ok: true, reports: [{ institution: 'alder', ok: true }] })
    const [report] = JSON.parse(audit.out).reports
    // Of the file, and of the policy, which a lower amount makes another.
    expect(report.events + report.pending).toBe(3)
  })

  test('a fault in one file leaves all as it was', async () => {
    const oak = join(folder, 'oak.yaml')
    writeFileSync(oak, 'institution: { id: oak, name: Oak, host: login.alder.example }\n')
    expect(await typed(`apply --config ${settings} ${oak}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining('oak: host login.alder.example is that of alder'),
    })
    writeFileSync(
      oak,
      'institution: { id: oak, name: Oak, host: login.oak.example }\nconnections: [{ id: idp, name: IdP, settings: { sso: x } }]\n',
    )
    expect(await typed(`apply --config ${settings} ${oak}`)).toMatchObject({
      code: 1,
      error: expect.stringMatching(/oak: connection idp: (?=[^{]*→ at idpEntityId)[^{]*"sso"[^{]*$/),
    })
    writeFileSync(oak, 'institution: { id: Oak, name: Oak }\n')
    expect(await typed(`apply --config ${settings} ${oak} ${alder}`)).toMatchObject({ code: 78 })
    const audit = await typed(`audit verify --config ${settings}`)
    expect(audit.out).toMatch(/^alder: whole, /)
    expect(audit.out).not.toContain('oak')
    writeFileSync(oak, 'institution: { id: oak, name: Oak, host: login.oak.example }\n')
    expect((await typed(`apply --config ${settings} ${oak}`)).out).toBe('+ oak\n1 changed\n')
  })

  test('an institution that is not there has no whole log', async () => {
    const { code, error } = await typed(`audit verify --config ${settings} --institution elm`)
    expect({ code, error }).toEqual({ code: 1, error: 'elm has no audit log\n' })
  })

  test('console invite prints a link for an institution that there is, and for roles that there are', async () => {
    const invite = (rest: string) => typed(`console invite --config ${settings} ${rest}`)
    const { code, out } = await invite('--institution alder --roles viewer,federation-admin')
    expect(code).toBe(0)
    expect(out).toMatch(/^https:\/\/login\.alder\.example\/console\/invitation\/[\w-]{32}\n$/)
    expect(await invite('--institution elm')).toMatchObject({ code: 1, out: '' })
    expect(await invite('--institution alder --roles root')).toMatchObject({ code: 2, out: '' })
    expect(await invite('')).toMatchObject({ code: 2 })
  })
})

describe('keys, on that database', () => {
  const keys = (line: string) => typed(`keys ${line} --config ${settings} --institution alder`)
  const listed = async (): Promise<{ kid: string; purpose: string; state: string }[]> =>
    JSON.parse((await keys('list --json')).out).keys
  const states = async () => (await listed()).map(({ purpose, state }) => `${purpose} ${state}`)

  test('list makes what is missing, and shows what signs and until when', async () => {
    const { code, out } = await keys('list')
    expect(code).toBe(0)
    const until = new Date(Date.now() + 3 * 365 * 24 * 3600_000).getUTCFullYear()
    expect(out).toMatch(new RegExp(`^sign-in saml-signing active [\\w-]{16} until ${until}-`, 'm'))
    expect(out.trim().split('\n')).toHaveLength(2)
    expect((await keys('list')).out).toBe(out)
    expect((await keys('list --purpose saml-signing')).out.trim().split('\n')).toHaveLength(1)
  })
  test('rotate publishes the next one; promote waits, or is told not to; the audit has the reason', async () => {
    const at = '--connection sign-in --purpose saml-signing'
    expect(await keys(`promote ${at}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining('key.no_next'),
    })
    const rotated = await keys(`rotate ${at}`)
    expect(rotated.code).toBe(0)
    expect(rotated.out).toMatch(/saml-signing next [\w-]{16} until \d{4}-\d\d-\d\d, takes over \d{4}-/)
    const early = await keys(`promote ${at}`)
    expect(early).toMatchObject({ code: 1, error: expect.stringContaining('(key.unpublished, 20') })
    expect(await states()).toContain('saml-signing next')
    const promoted = await keys(`promote ${at} --unpublished --why stolen`)
    expect(promoted.code).toBe(0)
    expect(await states()).toEqual(['saml-decryption active', 'saml-signing retired', 'saml-signing active'])
  })
  test('remove takes a retired one when told to, and never the active one', async () => {
    const kidOf = async (state: string) => (await listed()).find((key) => key.state === state)?.kid
    const remove = (kid: string | undefined, more = '') =>
      keys(`remove --connection sign-in --kid ${kid} ${more}`)
    const [active, retired] = [await kidOf('active'), await kidOf('retired')]
    expect((await remove(active, '--early')).error).toContain('key.active')
    expect((await remove(retired)).error).toContain('(key.overlap, 20')
    expect((await remove(retired, '--early')).code).toBe(0)
    expect(await states()).toEqual(['saml-decryption active', 'saml-signing active'])
    expect((await remove(retired, '--early')).error).toContain('key.unknown')
  })
  test('an authority’s certificate is asked for, and stands for the next key', async () => {
    await keys('rotate --connection sign-in --purpose saml-signing')
    const kid = (await listed()).find((key) => key.state === 'next')?.kid
    const csr = await keys(`request --connection sign-in --kid ${kid}`)
    expect(csr.out).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/)
    const authority = await startAuthority()
    const file = join(folder, 'issued.pem')
    const certify = `certify --connection sign-in --kid ${kid} --certificate ${file}`
    writeFileSync(file, authority.pem)
    expect(await keys(certify)).toMatchObject({
      code: 1,
      error: expect.stringContaining('(key.certificate, key: of 1, none is for this key)'),
    })
    writeFileSync(file, await authority.issue(csr.out, { now: Date.now() }))
    expect(await keys(certify)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`next ${kid} until 20`),
    })
    expect((await keys(`certify --connection sign-in --kid ${kid} --certificate nowhere`)).code).toBe(2)
  })
  test('a connection that is not there has none', async () => {
    expect((await keys('rotate --connection nobody')).error).toContain('key.unknown')
    expect((await keys('list --connection nobody')).out).toBe('no keys\n')
  })
})
