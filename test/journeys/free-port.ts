// Ports that nobody else takes between being found and being opened, for a bridge whose address must be known before.
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the range that the kernel gives to outgoing connections; each worker of the tests has a part of its own.
const [lowest, highest, each] = [20_000, 32_000, 3000] as const
const part = lowest + ((Number(process.env.VITEST_POOL_ID ?? 0) * each) % (highest - lowest))

let last = process.pid % each

/** One after the other: what was found before is not found again soon. */
export async function freePort(): Promise<number> {
  last += 1
  const port = part + (last % each)
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return freePort()
  }
  await new Promise((resolve) => server.close(resolve))
  return port
}
