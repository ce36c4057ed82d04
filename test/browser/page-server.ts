// A small server on loopback that sends pages with the headers they are made for.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asset, brandAsset } from '../../src/http/page/assets.ts'
import { pageHeaders } from '../../src/http/security-headers.ts'

export interface Served {
  readonly body: string
  readonly formActions?: readonly string[]
  readonly nonce?: string
}

export interface PageServer {
  readonly origin: string
  /** What was asked for, `METHOD path`, in order. */
  readonly asked: string[]
  close(): Promise<void>
}

type Route = Served | { readonly redirect: string }

/** Serves the routes by path; the stylesheets are found below any prefix. */
export async function servePages(routes: ReadonlyMap<string, Route>, accent: string): Promise<PageServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response, { routes, accent })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // A browser opens connections ahead of need; one that asked nothing yet would hold the close for a minute.
        server.closeAllConnections()
      }),
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, accent }: { routes: ReadonlyMap<string, Route>; accent: string },
): void {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname
  const route = routes.get(path)
  if (route && 'redirect' in route) {
    response.writeHead(303, { location: route.redirect }).end()
  } else if (route) {
    const headers = pageHeaders({
      formActions: route.formActions ?? [],
      nonce: route.nonce,
      asksUs: route.nonce !== undefined,
      https: false,
    })
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(route.body)
  } else {
    const name = path.split('/assets/')[1] ?? ''
    const found = name === 'brand.css' ? brandAsset(accent) : asset(name)
    response.writeHead(found ? 200 : 404, { 'content-type': found?.type ?? 'text/plain' }).end(found?.body)
  }
}
