// `npm run bench -- login|refresh|core-call|policy|risk|risk-faults|all [--json]`: the bridge in one process, the load in this one. DATABASE_URL for PostgreSQL.
import { type ChildProcess, fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Router from '@koa/router'
import Koa from 'koa'
import { createApp, createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import { coreRoutes } from '../../src/demo/core.ts'
import { idpRoutes } from '../../src/demo/idp.ts'
import { demoRows, paymentsNamespace, phoneId } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { createPeerKey } from '../../src/demo/keys.ts'
import { type Customer, call, deviceProof, pin } from '../journeys/customer.ts'

import { scratch, serverUrl } from '../storage/scratch.ts'
import { policyBench } from './policy.ts'
import type { Result } from './result.ts'
import { riskBench } from './risk.ts'
import { riskFaults } from './risk-faults.ts'

const redirectUri = 'https://app.example/callback'

/** The next message of the bridge's process that has this member. */
function heard<T>(child: ChildProcess, member: string): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the bridge ended: ${code}`)))
    const on = (message: Record<string, T>) => {
      if (!(member in message)) return
      child.off('message', on)
      resolve(message[member] as T)
    }
    child.on('message', on)
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** IdP and core here, the bridge there. */
async function stage() {
  const place = await scratch(serverUrl === undefined ? 'embedded' : 'server')
  const { directory } = place
  const child = fork(join(import.meta.dirname, 'bridge-process.ts'), [directory, String(await freePort())], {
    stdio: 'inherit',
    env: { ...process.env, ...(place.url !== undefined && { BENCH_DATABASE_URL: place.url }) },
  })
  const publicUrl = await heard<string>(child, 'ready')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const world = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${publicUrl}/alder`
  const key = await createPeerKey('bench')
  const api = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const rows = demoRows({ world, idpCertificate: key.pem, apiKey: { ...api, kid: 'k', alg: 'ES256' } })
  const relyingParties = rows.relyingParties.map((row) =>
    row.id === phoneId ? { ...row, redirectUris: [redirectUri] } : row,
  )
  // As many payments as fit into the time would soon be over the demo bank's sum of a day.
  const institution = { ...rows.institution, policy: { rules: [], limits: [] } }
  child.send({ rows: { ...rows, institution, relyingParties } })
  const managementUrl = await heard<string>(child, 'started')
  const certificates = await (await fetch(`${issuer}/soap/payments/certificates`)).text()
  const trusted = [...certificates.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(([, body]) =>
    (body ?? '').replace(/\s+/g, ''),
  )
  const router = new Router()
  idpRoutes(router, {
    world,
    key,
    bridge: issuer,
    answered: () => undefined,
  })
  coreRoutes(router, { world, trusted, judged: () => undefined })
  server.on('request', new Koa().use(router.routes()).callback())
  const usage = async () => {
    child.send({ usage: true })
    return heard<{ rss: number; cpu: NodeJS.CpuUsage }>(child, 'usage')
  }
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.send({ stop: true })
    await ended
    server.closeAllConnections()
    server.close()
    await place.remove()
  }
  return { issuer, managementUrl, usage, stop }
}

type Stage = Awaited<ReturnType<typeof stage>>

/** A counter of the bridge, summed over its labels. */
async function metric({ managementUrl }: Stage, name: string): Promise<number> {
  const text = await (await fetch(`${managementUrl}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
}

async function person(stage: Stage): Promise<Customer & { first: Tokens }> {
  const app = await createApp({ issuer: stage.issuer, redirectUri })
  const who = { app, browser: createBrowser(), user: 'alice' }
  return { ...who, first: await login(who) }
}

/** One whole sign-in; the IdP asks for the password only where it does not know the browser. */
async function login({ app, browser }: Customer): Promise<Tokens> {
  const started = await app.begin({ prompt: 'login' })
  let page = await browser.follow(started.url, { until: redirectUri })
  for (let i = 0; i < 4 && page.returned === undefined; i++) {
    const form = formIn(page)
    const extra: Record<string, string> = page.body.includes('name="password"')
      ? { username: 'alice', password: 'alice-pw' }
      : page.body.includes('form_token')
        ? { do: 'allow' }
        : {}
    page = await browser.follow(form.action, { until: redirectUri, form: { ...form.fields, ...extra } })
  }
  if (page.returned === undefined) throw new Error(`no way back: ${page.status} at ${page.url}`)
  return app.redeem(page.returned, started)
}

interface Load {
  readonly workers: number
  readonly seconds: number
}

/** Runs work in parallel for a while; rate and percentiles. */
async function load(
  name: string,
  { workers, seconds }: Load,
  work: (worker: number) => Promise<unknown>,
): Promise<{ results: Result[]; count: number }> {
  const times: number[] = []
  const begun = performance.now()
  const end = begun + seconds * 1000
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (performance.now() < end) {
        const started = performance.now()
        await work(worker)
        times.push(performance.now() - started)
      }
    }),
  )
  const elapsed = (performance.now() - begun) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 10) / 10
  return {
    count: times.length,
    results: [
      { name: `${name}.per_s`, value: Math.round((times.length / elapsed) * 10) / 10, unit: '1/s' },
      { name: `${name}.p50_ms`, value: at(0.5), unit: 'ms' },
      { name: `${name}.p99_ms`, value: at(0.99), unit: 'ms' },
    ],
  }
}

/** What the bridge itself used while something ran: its CPU is what "per core" means. */
async function measured(
  stage: Stage,
  run: () => Promise<{ results: Result[]; count: number }>,
  name: string,
): Promise<Result[]> {
  const before = {
    usage: await stage.usage(),
    trips: await metric(stage, 'drawbridge_db_round_trips_total'),
    statements: await metric(stage, 'drawbridge_db_statements_total'),
    signed: await metric(stage, 'drawbridge_signatures_total'),
    events: await metric(stage, 'drawbridge_audit_events_total'),
  }
  const started = performance.now()
  const { results, count } = await run()
  const seconds = (performance.now() - started) / 1000
  const after = await stage.usage()
  const cpu = (after.cpu.user + after.cpu.system - before.usage.cpu.user - before.usage.cpu.system) / 1e6
  const per = async (metricName: string, start: number) =>
    Math.round((((await metric(stage, metricName)) - start) / count) * 10) / 10
  return [
    ...results,
    {
      name: `${name}.per_cpu_s`,
      value: Math.round((count / cpu) * 10) / 10,
      unit: '1/s of the bridge’s own CPU',
    },
    {
      name: `${name}.db_round_trips`,
      value: await per('drawbridge_db_round_trips_total', before.trips),
      unit: 'waits; BEGIN travels with the first statement, COMMIT with the last',
    },
    {
      name: `${name}.db_statements`,
      value: await per('drawbridge_db_statements_total', before.statements),
      unit: 'statements, BEGIN and COMMIT counted',
    },
    {
      name: `${name}.signatures`,
      value: await per('drawbridge_signatures_total', before.signed),
      unit: 'signatures',
    },
    {
      name: 'audit.per_s',
      value: Math.round(((await metric(stage, 'drawbridge_audit_events_total')) - before.events) / seconds),
      unit: '1/s',
    },
  ]
}

const seconds = Number(process.env.BENCH_SECONDS ?? 8)

const benches: Readonly<Record<string, (stage: Stage) => Promise<Result[]>>> = {
  login: async (stage) => {
    const people = await Promise.all(Array.from({ length: 4 }, () => person(stage)))
    return measured(
      stage,
      () => load('login', { workers: 4, seconds }, (i) => login(people[i] as Customer)),
      'login',
    )
  },
  refresh: async (stage) => {
    const people = await Promise.all(Array.from({ length: 8 }, () => person(stage)))
    const held = people.map(({ first }) => first.refreshToken as string)
    const work = async (i: number) => {
      held[i] = (await people[i]?.app.refresh(held[i] as string))?.refreshToken as string
    }
    return measured(stage, () => load('refresh_dpop', { workers: 8, seconds }, work), 'refresh_dpop')
  },
  'core-call': async (stage) => {
    const who = await person(stage)
    const { kty, crv, x, y } = who.app.jwk
    const opened = await call(who, {
      method: 'POST',
      path: '/devices',
      tokens: who.first,
      body: { name: 'Bench', jwk: { kty, crv, x, y }, pin },
    })
    await call(who, {
      method: 'POST',
      path: `/devices/${opened.json.id}/proof`,
      tokens: who.first,
      body: { proof: await deviceProof(who, opened.json) },
    })
    const tokens = await login(who)
    const body = transferBody('25.00')
    const url = `${stage.issuer}/soap/payments`
    const work = async () => {
      const dpop = await who.app.proof({ method: 'POST', url, accessToken: tokens.accessToken })
      const headers = {
        authorization: `DPoP ${tokens.accessToken}`,
        dpop,
        'content-type': 'text/xml',
        soapaction: `${paymentsNamespace}:Transfer`,
      }
      const answer = await fetch(url, { method: 'POST', headers, body })
      if (answer.status !== 200) throw new Error(`core call: ${answer.status} ${await answer.text()}`)
      await answer.text()
    }
    return measured(stage, () => load('core_call', { workers: 16, seconds }, work), 'core_call')
  },
}

/** Those that need no bridge around them. */
const alone: Readonly<Record<string, () => Promise<Result[]>>> = {
  policy: policyBench,
  risk: riskBench,
  'risk-faults': riskFaults,
}

async function staged(bench: (stage: Stage) => Promise<Result[]>): Promise<Result[]> {
  const place = await stage()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const idle = await place.usage()
  const results = await bench(place)
  await place.stop()
  return [...results, { name: 'rss_idle_mb', value: Math.round(idle.rss / 1e6), unit: 'MB' }]
}

function report(bench: string, results: readonly Result[], json: boolean): void {
  const database = process.env.DATABASE_URL ? 'postgresql' : 'embedded'
  if (json) process.stdout.write(`${JSON.stringify({ bench, database, results })}\n`)
  else
    for (const { name, value, unit } of results)
      process.stdout.write(`${name.padEnd(36)} ${String(value).padStart(10)} ${unit}\n`)
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const known = [...Object.keys(benches), ...Object.keys(alone)]
const wanted = positionals[0] === 'all' ? known : positionals
if (wanted.length === 0 || wanted.some((name) => !known.includes(name))) {
  process.stderr.write(`usage: npm run bench -- ${known.join('|')}|all [--json]\n`)
  process.exit(2)
}
for (const name of wanted) {
  const bench = benches[name]
  report(name, bench ? await staged(bench) : ((await alone[name]?.()) ?? []), values.json === true)
}
process.exit(process.exitCode ?? 0)
