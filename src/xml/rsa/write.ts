// Requests to an AA-compatible engine, written in the order of the schema, with one of the two proofs of who calls.
import { text } from '../emit.ts'
import { NS } from '../names.ts'
import { type RsaDialect, type RsaOperation, requestType, shapeOf, typesIn } from './shapes.ts'

/** What an element holds: text, elements by name, several of the same name, or nothing. */
export type RsaSaid = string | number | boolean | undefined | RsaFields | readonly (string | RsaFields)[]

/** Elements by name, in any order; `xsi:type` says which type stands in a slot. */
export interface RsaFields {
  readonly [name: string]: RsaSaid
}

/** WS-Security's UsernameToken with the password as text, which is why the way there is TLS. */
export interface UsernameToken {
  readonly username: string
  readonly password: string
  /** Base64 of 16 bytes by chance. */
  readonly nonce: string
  /** Epoch milliseconds. */
  readonly created: number
}

const profile = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'
const encoding = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0'

export interface RsaRequest {
  readonly operation: RsaOperation
  readonly dialect: RsaDialect
  readonly fields: RsaFields
  readonly token?: UsernameToken | undefined
}

/** The whole envelope. Throws Refusal `request.malformed` for text that XML cannot carry, Error for what the dialect does not have. */
export function writeRequest({ operation, dialect, fields, token }: RsaRequest): string {
  const request = written({ name: 'request', type: requestType(operation) }, fields, dialect)
  const header = token === undefined ? '' : `<soapenv:Header>${securityXml(token)}</soapenv:Header>`
  return (
    `<soapenv:Envelope xmlns:soapenv="${NS.soap11}" xmlns:ws="${NS.rsa}" xmlns:xsi="${NS.xsi}">${header}` +
    `<soapenv:Body><ws:${operation}>${request}</ws:${operation}></soapenv:Body></soapenv:Envelope>`
  )
}

interface Place {
  readonly name: string
  readonly type: string
}

/** One element with what it holds. */
function written({ name, type }: Place, fields: RsaFields, dialect: RsaDialect): string {
  const { 'xsi:type': said, ...rest } = fields
  const holds = heldType({ name, type }, said)
  const children = shapeOf(holds, dialect)
  if (children === undefined) throw new Error(`nobody knows what ${name} holds`)
  const strange = Object.keys(rest).find((key) => !children.some((child) => child.name === key))
  if (strange !== undefined) throw new Error(`${name} has no ${strange} in the dialect ${dialect}`)
  const inner = children.map((child) => {
    const value = rest[child.name]
    const all = value === undefined ? [] : isList(value) ? value : [value]
    if (all.length > 1 && !child.many) throw new Error(`${child.name} is not repeated`)
    return all.map((one) => single(child, one, dialect)).join('')
  })
  const typed = holds === type ? '' : ` xsi:type="ws:${holds}"`
  return `<ws:${name}${typed}>${inner.join('')}</ws:${name}>`
}

const isList = (said: RsaSaid): said is readonly (string | RsaFields)[] => Array.isArray(said)

function heldType({ name, type }: Place, said: RsaSaid): string {
  const types = typesIn(type)
  if (types === undefined && said === undefined) return type
  if (typeof said === 'string' && types?.includes(said)) return said
  throw new Error(`${name} cannot be of type ${said}`)
}

interface Child {
  readonly name: string
  readonly type: string | undefined
}

function single({ name, type }: Child, said: string | number | boolean | RsaFields, dialect: RsaDialect) {
  if (typeof said !== 'object' && type === undefined) return `<ws:${name}>${text(String(said))}</ws:${name}>`
  if (typeof said === 'object' && type !== undefined) return written({ name, type }, said, dialect)
  throw new Error(`${name} holds ${type ?? 'text'}`)
}

/** A receiver that does not understand it must not go on without it. */
function securityXml({ username, password, nonce, created }: UsernameToken): string {
  const token =
    `<wsse:Username>${text(username)}</wsse:Username>` +
    `<wsse:Password Type="${profile}#PasswordText">${text(password)}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${encoding}#Base64Binary">${text(nonce)}</wsse:Nonce>` +
    `<wsu:Created>${new Date(created).toISOString()}</wsu:Created>`
  return (
    `<wsse:Security xmlns:wsse="${NS.wsse}" xmlns:wsu="${NS.wsu}" soapenv:mustUnderstand="1">` +
    `<wsse:UsernameToken>${token}</wsse:UsernameToken></wsse:Security>`
  )
}
