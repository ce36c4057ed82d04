// A real Chromium for tests: the system's where there is one, else the one that comes by npm (ruling R-16).
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

interface Binary {
  readonly executablePath: string
  readonly args: string[]
  readonly env: Record<string, string>
}

/**
 * Starts a headless Chromium; the caller closes it. `CHROMIUM` names another binary, `CHROMIUM=npm` the one by npm.
 * The npm package's own list of flags is not used: it switches web security off, which is what is tested here.
 */
export async function launch(): Promise<Browser> {
  const { executablePath, args, env } = await binary()
  return chromium.launch({
    executablePath,
    args: ['--font-render-hinting=none', ...args],
    env: { ...(process.env as Record<string, string>), ...env },
    chromiumSandbox: false,
  })
}

const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

async function binary(): Promise<Binary> {
  const wanted = process.env.CHROMIUM
  const own = wanted === 'npm' ? undefined : (wanted ?? systemPaths.find((path) => existsSync(path)))
  return own ? { executablePath: own, args: [], env: {} } : npmBinary()
}

const starts = (path: string, env: Record<string, string>): boolean =>
  spawnSync(path, ['--version', '--no-sandbox'], { env: { ...process.env, ...env } }).status === 0

async function npmBinary(): Promise<Binary> {
  const home = await unpacked()
  const fonts = { FONTCONFIG_FILE: join(home, 'fonts.conf') }
  // Without libnss3, libnspr4 and libexpat the binary does not start; the package carries a set of them.
  const libraries = { ...fonts, LD_LIBRARY_PATH: join(home, 'al2023', 'lib') }
  const executablePath = join(home, 'chromium')
  const env = starts(executablePath, fonts) ? fonts : libraries
  return { executablePath, args: [], env }
}

// The package unpacks into the temporary directory and takes whatever stands there already, another version's binary
// too: so each version and user has a directory of its own, filled aside and moved into place in one step.
async function unpacked(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const root = dirname(dirname(main))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const home = join(tmpdir(), `drawbridge-chromium-${version}-${process.getuid?.() ?? 0}`)
  if (existsSync(home)) {
    // The name can be guessed, and what stands there is run.
    if (lstatSync(home).uid !== process.getuid?.()) throw new Error(`${home} is not ours`)
    return home
  }
  const aside = mkdtempSync(`${home}.`)
  await inTmpdir(aside, async () => {
    const { inflate } = await import('@sparticuz/chromium')
    for (const part of ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br']) {
      await inflate(join(root, 'bin', part))
    }
  })
  writeFileSync(join(aside, 'fonts.conf'), fontsOf(home))
  try {
    renameSync(aside, home)
  } catch {
    // Another process was first; its set is the same.
    rmSync(aside, { recursive: true, force: true })
  }
  return home
}

// The package's own list names /tmp/fonts, which is not where they are; with no font at all a page with text crashes.
const fontsOf = (home: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>${home}/fonts</dir><cachedir>${home}/fonts-cache</cachedir></fontconfig>
`

async function inTmpdir(directory: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = directory
  try {
    await work()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}
