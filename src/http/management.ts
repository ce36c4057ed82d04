// The management port: is the process alive, is it ready, what has it counted. For operators, never for customers.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Router from '@koa/router'
import Koa from 'koa'
import type { Log } from '../ports/log.ts'
import type { MeteredMetrics } from './metrics.ts'

export interface ManagementPorts {
  readonly metrics: MeteredMetrics
  readonly log: Log
  readonly ping: () => Promise<void>
  readonly pendingMigrations: () => Promise<readonly string[]>
  readonly readinessMs: number
}

export interface ManagementServer {
  readonly url: string
  /** From now on /readyz answers 503, so that a load balancer takes the node out before its port closes. */
  drain(): void
  close(): Promise<void>
}

/** Binds the port; 0 takes a free one. */
export async function startManagement(
  ports: ManagementPorts,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<ManagementServer> {
  const state = { draining: false }
  const server = createServer(managementApp(ports, state).callback())
  server.headersTimeout = 5000
  server.requestTimeout = 10_000
  await listening(server, host, port)
  const { address, port: bound, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    drain() {
      state.draining = true
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function managementApp(ports: ManagementPorts, state: { readonly draining: boolean }): Koa {
  const router = new Router()
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' }
  })
  router.get('/readyz', async (ctx) => {
    const reasons = state.draining ? ['shutting down'] : await notReady(ports)
    ctx.status = reasons.length === 0 ? 200 : 503
    ctx.body = { status: reasons.length === 0 ? 'ready' : 'not ready', reasons }
  })
  router.get('/metrics', async (ctx) => {
    ctx.type = ports.metrics.contentType
    ctx.body = await ports.metrics.render()
  })
  const app = new Koa()
  app.silent = true
  app.on('error', (error: Error) => ports.log.error('management.failed', { error }))
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('X-Content-Type-Options', 'nosniff')
    await next()
  })
  app.use(router.routes())
  app.use(router.allowedMethods())
  return app
}

/** Why this node should get no requests; empty when it should. Reasons are words of ours, never a driver's message. */
async function notReady({ ping, pendingMigrations, readinessMs, log }: ManagementPorts): Promise<string[]> {
  try {
    await within(readinessMs, ping())
    const pending = await within(readinessMs, pendingMigrations())
    return pending.length === 0 ? [] : [`migrations to be applied: ${pending.join(', ')}`]
  } catch (error) {
    log.warn('readiness.failed', { error })
    return [
      error instanceof TooSlow
        ? `the database did not answer in ${readinessMs} ms`
        : 'the database is not usable',
    ]
  }
}

class TooSlow extends Error {}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooSlow()), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}
