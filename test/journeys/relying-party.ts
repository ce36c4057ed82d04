// The back end of an app that takes logout tokens, and judges them by itself (jose over the issuer's published keys).
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, jwtVerify } from 'jose'

export interface HeardToken {
  readonly raw: string
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

export interface BackEnd {
  readonly url: string
  /** Those that held: signature, type, issuer, audience, times. */
  readonly heard: readonly HeardToken[]
  readonly posts: () => number
  /** The statuses of the next answers; then 200. */
  answerNext(...statuses: number[]): void
  /** Resolves once that many were heard. */
  until(count: number): Promise<void>
  /** Resolves with the token about this session: others of earlier sessions may come in between. */
  about(sid: unknown): Promise<HeardToken>
  stop(): Promise<void>
}

export async function startBackEnd(issuer: string, audience: string): Promise<BackEnd> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const heard: HeardToken[] = []
  const next: number[] = []
  let posts = 0
  const until = async (there: () => boolean) => {
    const late = Date.now() + 20_000
    while (!there()) {
      if (Date.now() > late) throw new Error(`${heard.length} heard after ${posts} posts`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    posts += 1
    const status = next.shift()
    if (status !== undefined) return response.writeHead(status).end()
    const raw = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? ''
    const judged = await jwtVerify(raw, keys, { issuer, audience, typ: 'logout+jwt' }).catch(() => undefined)
    if (judged) heard.push({ raw, header: judged.protectedHeader, claims: judged.payload })
    response.writeHead(judged ? 200 : 400).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
    heard,
    posts: () => posts,
    answerNext: (...statuses) => void next.push(...statuses),
    until: (count) => until(() => heard.length >= count),
    async about(sid) {
      const about = () => heard.find(({ claims }) => claims.sid === sid)
      await until(() => about() !== undefined)
      return about() as HeardToken
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
