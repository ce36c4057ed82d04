// A SimpleSAMLphp of a test's own: started, set otherwise while it runs, stopped; and its pages without a browser's scripts.
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, formIn } from '../../src/demo/app-client.ts'

const script = join(import.meta.dirname, '../peers/simplesamlphp.sh')
const run = promisify(execFile)

/** Settings of the script, as its head tells them. */
export type PeerSettings = Readonly<Record<string, string>>

export interface Simplesamlphp {
  /** What the script printed last: `idp_metadata`, `idp_cert`, `sso`, `slo`, `metadata_cert`. */
  readonly up: Readonly<Record<string, string>>
  /** Goes over the settings so far; requests under way are served by the old ones or the new ones. Its logins go on. */
  set(change: PeerSettings): Promise<void>
  stop(): Promise<void>
}

/** Fails where it cannot be started: a peer that is missing is no reason to skip. */
export async function startSimplesamlphp(port: number, first: PeerSettings = {}): Promise<Simplesamlphp> {
  const home = mkdtempSync(join(tmpdir(), 'drawbridge-ssp-'))
  // It runs as another user where the tests run as root.
  chmodSync(home, 0o755)
  let settings: PeerSettings = { SSP_PORT: String(port), ...first }
  let up: Readonly<Record<string, string>> = {}
  const act = async (action: 'up' | 'down') => {
    const env = { ...process.env, PEER_HOME: home, ...settings }
    const { stdout } = await run(script, [action], { env, timeout: 60_000 })
    const lines = stdout.trim().split('\n')
    return Object.fromEntries(
      lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)] as const),
    )
  }
  const stop = async () => {
    await act('down')
    rmSync(home, { recursive: true, force: true })
  }
  try {
    up = await act('up')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    get up() {
      return up
    },
    async set(change) {
      settings = { ...settings, ...change }
      up = await act('up')
    },
    stop,
  }
}

/** From where a sign-in begins to the form with SimpleSAMLphp's answer; alice types her password. */
export async function answerOf(
  browser: Browser,
  { url, until }: { readonly url: string; readonly until: string },
): Promise<ReturnType<typeof formIn>> {
  const asked = await browser.follow(url, { until })
  const state = /name="AuthState" value="([^"]*)"/.exec(asked.body)?.[1]?.replaceAll('&amp;', '&')
  if (state === undefined) throw new Error(`no sign-in page: ${asked.status} ${asked.url} ${words(asked)}`)
  const form = { AuthState: state, username: 'alice', password: 'alice-pw' }
  return formIn(await browser.follow(asked.url.split('?')[0] as string, { until, form }))
}

/** What a page says, for a failure's message. */
export const words = ({ body }: { readonly body: string }): string =>
  body
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .slice(0, 400)
