// Bodies of the demo's own requests.
import type { Context } from 'koa'

const limit = 512 * 1024

export async function readBody(ctx: Context): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) ctx.throw(413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function readForm(ctx: Context): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(ctx)).toString('latin1'))
}
