// The public port: bound with deadlines for slow clients, closed with a grace for those under way.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Koa from 'koa'

// Slow clients are cut off rather than waited for (attack 221).
const headersMs = 10_000
const requestMs = 30_000

export interface PublicServer {
  /** Where it is bound. */
  readonly url: string
  /** Lets requests under way end within the grace, then cuts them off. */
  close(graceMs: number): Promise<void>
}

export async function openPublicServer(
  app: Koa,
  { host, port }: { host: string; port: number },
): Promise<PublicServer> {
  const server = createServer(app.callback())
  server.headersTimeout = headersMs
  server.requestTimeout = requestMs
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const { address, family, port: bound } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`
  return { url, close: (graceMs) => closeWithin(server, graceMs) }
}

function closeWithin(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
