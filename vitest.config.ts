import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { scratchSpace } from './test/scratch-space.ts'

// Every file starts processes and threads of its own; what they compile they need not compile each time.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), `drawbridge-compile-cache-${process.getuid?.() ?? 0}`)

const common = { environment: 'node' as const, testTimeout: 30_000, hookTimeout: 60_000 }

// A worker keeps what it has loaded for its next file: loading the bridge anew for each is a third of the time.
const together = { ...common, isolate: false }

// Databases by the hundred, each of a thousand files.
const many = { env: { TMPDIR: scratchSpace() } }

// Whole journeys against the clock of the machine, with processes and servers beside us: in CI, where a machine stalls now and
// then, what fails is tried once more. What the bridge does wrong, it does twice.
const lived = { retry: process.env.CI ? 1 : 0 }

// One project a kind of test, so that `npm test` leaves out what needs a browser (`browser`) or servers of its own (`interop`).
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...together,
          ...many,
          name: 'unit',
          include: [
            'test/*.test.ts',
            'test/{domain,xml,storage,http,oidc,soap,config,flows,cli,demo,plugins}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          ...together,
          ...many,
          ...lived,
          name: 'journeys',
          include: ['test/{journeys,attacks}/**/*.test.ts'],
        },
      },
      {
        test: {
          ...together,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          // On a machine with little to spare, Chromium now and then never answers. What the bridge does wrong, it does twice.
          retry: 1,
        },
      },
      {
        test: {
          ...common,
          ...lived,
          name: 'interop',
          include: [
            'test/interop/**/*.test.ts',
            'test/storage/postgresql.test.ts',
            'test/storage/rate-limits.test.ts',
            'test/attacks/oidc-tokens.test.ts',
            'test/attacks/races.test.ts',
          ],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
