// Attacks 93, 94, 192 and 193 on what the bridge fetches by somebody's word, each with its control.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createSocket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { createGuardedFetch, type Resolve } from '../../src/plugins/net/guarded-fetch.ts'

let calls = 0
let handler: RequestListener = (_, res) => void res.end('hello')
let server: Server
let port = 0

beforeAll(async () => {
  server = createServer((req, res) => {
    calls += 1
    handler(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const loopback = ['127.0.0.0/8', '::1/128']
const settings = { allowedNetworks: loopback, timeoutMs: 20_000, maxBytes: 1024 * 1024 }
const open = createGuardedFetch(settings)
const hasty = createGuardedFetch({ ...settings, timeoutMs: 300 })
const strict = createGuardedFetch({ ...settings, allowedNetworks: [] })

async function verdict(promise: Promise<{ status: number; body: Uint8Array }>): Promise<string> {
  try {
    const { status, body } = await promise
    return `${status} ${Buffer.from(body).toString('utf8').slice(0, 20)}`
  } catch (error) {
    if (error instanceof Refusal) return `${error.code} ${error.detail.check}`
    throw error
  }
}

describe('#93, #192 addresses that lead into our own network', () => {
  test('control: an allowed address is fetched, by its name too', async () => {
    expect(await verdict(open(`http://127.0.0.1:${port}/`))).toBe('200 hello')
    expect(await verdict(open(`http://localhost:${port}/`))).toBe('200 hello')
  })
  test.each([
    ['the cloud’s metadata service', 'https://169.254.169.254/latest/meta-data'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback as a number', 'https://2130706433/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in hexadecimal', 'https://0x7f000001/'],
    ['this host', 'https://0.0.0.0/'],
    ['a private network', 'https://10.1.2.3/'],
    ['carrier NAT', 'https://100.64.0.1/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv4 in IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['IPv4 in IPv6, private', 'https://[::ffff:10.0.0.1]/'],
    ['NAT64', 'https://[64:ff9b::7f00:1]/'],
    ['6to4', 'https://[2002:7f00:1::]/'],
    ['unique local', 'https://[fd00::1]/'],
    ['link local', 'https://[fe80::1]/'],
    ['multicast', 'https://224.0.0.1/'],
    ['broadcast', 'https://255.255.255.255/'],
    ['a name of ours', 'https://localhost/'],
  ])('%s', async (_, url) => {
    expect(await verdict(strict(url))).toBe('fetch.refused network')
  })
  test.each(['gopher://example.com/', 'file:///etc/passwd', 'ftp://example.com/', 'data:,x'])(
    '%s',
    async (url) => {
      expect(await verdict(open(url))).toBe('fetch.refused scheme')
    },
  )
  test('http away from loopback, also where the network is allowed', async () => {
    const inside = createGuardedFetch({ ...settings, allowedNetworks: ['10.0.0.0/8'] })
    expect(await verdict(inside('http://10.0.0.1/'))).toBe('fetch.refused scheme')
    expect(await verdict(strict('http://93.184.216.34/'))).toBe('fetch.refused scheme')
  })
  test('a user name in the address, and no address at all', async () => {
    expect(await verdict(open(`http://idp.example@127.0.0.1:${port}/`))).toBe('fetch.refused address')
    expect(await verdict(open('//x'))).toBe('fetch.refused address')
  })
})

describe('#93, #193 a name that changes its mind', () => {
  const answers = (...turns: string[][]): Resolve => {
    let turn = 0
    return async () => turns[Math.min(turn++, turns.length - 1)] as string[]
  }
  test('one private address among public ones is enough', async () => {
    const mixed = createGuardedFetch(
      { ...settings, allowedNetworks: [] },
      answers(['93.184.216.34', '10.0.0.1']),
    )
    expect(await verdict(mixed('https://idp.example/'))).toBe('fetch.refused network')
  })
  test('the connection goes where was looked, not where the name leads later', async () => {
    const before = calls
    // Public at first, ours afterwards: a second resolution would reach our server.
    const rebinding = createGuardedFetch(settings, answers(['192.0.2.1'], ['127.0.0.1']))
    expect(await verdict(rebinding(`http://idp.example:${port}/`))).toBe('fetch.refused network')
    const pinned = createGuardedFetch(settings, answers(['127.0.0.1'], ['192.0.2.1']))
    expect(await verdict(pinned(`http://idp.example:${port}/`))).toBe('200 hello')
    expect(calls).toBe(before + 1)
  })
  test('the time is for the name and the answer together', async () => {
    const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    handler = (_, res) => void after(400).then(() => res.end('hello'))
    const slow = (timeoutMs: number) =>
      createGuardedFetch({ ...settings, timeoutMs }, async () => {
        await after(200)
        return ['127.0.0.1']
      })
    // Enough for either, not for both.
    expect(await verdict(slow(500)(`http://idp.example:${port}/`))).toBe('fetch.failed time')
    expect(await verdict(slow(20_000)(`http://idp.example:${port}/`))).toBe('200 hello')
  })
  test('a name that never resolves', async () => {
    const silent = createGuardedFetch({ ...settings, timeoutMs: 50 }, () => new Promise(() => undefined))
    expect(await verdict(silent('https://idp.example/'))).toBe('fetch.failed name')
    const none = createGuardedFetch(settings, async () => [])
    expect(await verdict(none('https://idp.example/'))).toBe('fetch.failed name')
  })
  test('a redirect is not followed, wherever it leads', async () => {
    handler = (req, res) => {
      if (req.url === '/next') return void res.end('hello')
      res.writeHead(302, { location: `http://127.0.0.1:${port}/next` }).end()
    }
    expect(await verdict(open(`http://127.0.0.1:${port}/`))).toBe('fetch.refused redirect')
    expect(await verdict(open(`http://127.0.0.1:${port}/next`))).toBe('200 hello')
  })
})

describe('#94 answers without end', () => {
  test('one mebibyte and no more', async () => {
    handler = (req, res) => void res.end(Buffer.alloc(Number(req.url?.slice(1)), 'a'))
    expect(await verdict(open(`http://127.0.0.1:${port}/${1024 * 1024}`))).toMatch(/^200 a/)
    expect(await verdict(open(`http://127.0.0.1:${port}/${1024 * 1024 + 1}`))).toBe('fetch.failed size')
  })
  test('a hundred megabytes are cut off, not read', async () => {
    let sent = 0
    handler = (_, res) => {
      const more = () => {
        while (sent < 100e6 && !res.destroyed) {
          sent += 65_536
          if (!res.write(Buffer.alloc(65_536))) return void res.once('drain', more)
        }
        res.end()
      }
      more()
    }
    expect(await verdict(open(`http://127.0.0.1:${port}/`))).toBe('fetch.failed size')
    expect(sent).toBeLessThan(50e6)
  })
  test('a byte now and then: the deadline is for the whole', async () => {
    handler = (_, res) => {
      const timer = setInterval(() => res.write('a'), 50)
      res.on('close', () => clearInterval(timer))
    }
    expect(await verdict(hasty(`http://127.0.0.1:${port}/`))).toBe('fetch.failed time')
  })
  test('a server that accepts and says nothing', async () => {
    const silent = createSocket(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port: other } = silent.address() as AddressInfo
    expect(await verdict(hasty(`http://127.0.0.1:${other}/`))).toBe('fetch.failed time')
    silent.close()
  })
  test('a compressed answer is not unpacked', async () => {
    handler = (_, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    expect(await verdict(open(`http://127.0.0.1:${port}/`))).toBe('fetch.refused encoding')
  })
  test('headers without end', async () => {
    handler = (_, res) => void res.writeHead(200, { 'x-much': 'a'.repeat(20_000) }).end('x')
    expect(await verdict(open(`http://127.0.0.1:${port}/`))).toBe('fetch.failed connection')
  })
})
