// Reading request bodies at the rim: bounded, of one media type, every form parameter at most once.
import type { Context } from 'koa'
import rawBody from 'raw-body'
import type { z } from 'zod'
import { isStorable } from '../domain/plain-text.ts'
import { Refusal } from '../domain/refusal.ts'
import { strictJson } from '../domain/strict-json.ts'

/** The bytes of the body; refuses with `request.media_type` or `request.too_large`. */
export async function readBytes(ctx: Context, types: readonly string[], limit: number): Promise<Buffer> {
  if (ctx.is([...types]) === false || ctx.is([...types]) === null) {
    throw new Refusal('request.media_type', { type: ctx.get('content-type').slice(0, 100) })
  }
  // An encoded body could be a bomb; nothing of ours sends one.
  if (ctx.get('content-encoding') !== '') throw new Refusal('request.media_type', { encoding: true })
  try {
    return await rawBody(ctx.req, { length: ctx.req.headers['content-length'], limit })
  } catch (error) {
    const type = error instanceof Error && 'type' in error ? error.type : undefined
    throw new Refusal(type === 'entity.too.large' ? 'request.too_large' : 'request.malformed', { type })
  }
}

/** Fields by name; refuses with `request.malformed` a name that comes twice (attacks 49, 112). */
export function once<Value>(given: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> {
  const fields = new Map<string, Value>()
  for (const [name, value] of given) {
    if (fields.has(name)) throw new Refusal('request.malformed', { repeated: name.slice(0, 50) })
    fields.set(name, value)
  }
  return fields
}

/** A value by its schema; refuses with `request.malformed` and the first path that does not fit. */
export function fitting<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw new Refusal('request.malformed', { path: parsed.error.issues[0]?.path.join('.') })
  return parsed.data
}

/** A posted form; a parameter that comes twice is refused (attacks 49, 112). */
export async function readForm(ctx: Context, limit: number): Promise<ReadonlyMap<string, string>> {
  const bytes = await readBytes(ctx, ['application/x-www-form-urlencoded'], limit)
  return once(new URLSearchParams(bytes.toString('latin1')))
}

/**
 * A form that brings files along, or a plain one; a file comes as its text, and an empty one not at all. The same rules:
 * nothing twice, one bound for everything.
 */
export async function readUpload(ctx: Context, limit: number): Promise<ReadonlyMap<string, string>> {
  if (!ctx.is('multipart/form-data')) return readForm(ctx, limit)
  const bytes = await readBytes(ctx, ['multipart/form-data'], limit)
  const type = ctx.get('content-type')
  const form = new Map<string, string>()
  for (const [name, value] of once(await parts(bytes, type))) {
    if (typeof value === 'string') form.set(name, value)
    else if (value.size > 0) form.set(name, await textIn(value))
  }
  return form
}

/** A document as its text, a picture as a `data:` address. */
async function textIn(file: Blob): Promise<string> {
  if (!file.type.startsWith('image/')) return file.text()
  return `data:${file.type};base64,${Buffer.from(await file.arrayBuffer()).toString('base64')}`
}

/** RFC 7578, by the platform's own parser. */
async function parts(bytes: Buffer, type: string) {
  try {
    return await new Response(bytes as BodyInit, { headers: { 'content-type': type } }).formData()
  } catch {
    throw new Refusal('request.malformed', { multipart: false })
  }
}

const storable = (name: string, value: unknown): unknown => {
  if (!isStorable(name) || (typeof value === 'string' && !isStorable(value)))
    throw new Error('text that no database keeps')
  return value
}

// Far deeper than anything that our schemas take.
const deepest = 64

/** A JSON body by its schema, no name twice; refuses with `request.malformed` and the first path that does not fit. */
export async function readJson<T>(ctx: Context, schema: z.ZodType<T>, limit: number): Promise<T> {
  const bytes = await readBytes(ctx, ['application/json'], limit)
  // Of a name that is there twice readers differ in which holds (attack 112).
  const { fault } = strictJson(bytes, deepest)
  if (fault !== undefined) throw new Refusal('request.malformed', { json: fault })
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'), storable)
  } catch {
    throw new Refusal('request.malformed', { json: false })
  }
  return fitting(schema, value)
}
