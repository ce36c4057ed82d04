// The form of a connector's settings, drawn from the very schema that checks them: nothing is said twice.
import { z } from 'zod'
import type { SettingField, SettingKind } from '../../ports/connector-settings.ts'

export interface FormWords {
  /** By path; what is not listed is called by its name. */
  readonly labels: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  /** What nobody but people can tell. */
  readonly asked: readonly string[]
}

/** As far as a field can be drawn from it. `kind` is what our schemas add by `meta`. */
interface Node {
  readonly type?: string
  readonly format?: string
  readonly kind?: string
  readonly enum?: readonly string[]
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
}

/** The fields in the order of the schema; what lies inside an object comes as a field of its own. */
export function settingFields(schema: z.ZodType, words: FormWords): readonly SettingField[] {
  const node = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node
  return fieldsOf(node, { prefix: '', words })
}

interface Within {
  readonly prefix: string
  readonly words: FormWords
}

function fieldsOf(node: Node, { prefix, words }: Within): SettingField[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`
    if (child.properties !== undefined) return fieldsOf(withMeaning(child), { prefix: `${path}.`, words })
    // Inside an object that may be missing, nothing is needed as long as nothing of it is said.
    const required = prefix === '' && (node.required ?? []).includes(name)
    return [fieldOf(child, { path, required, words })]
  })
}

/** What is not explained by itself is explained by what it is a part of. */
const withMeaning = ({ description, ...node }: Node): Node => ({
  ...node,
  properties: Object.fromEntries(
    Object.entries(node.properties ?? {}).map(([name, child]) => [
      name,
      { ...(description !== undefined && { description }), ...child },
    ]),
  ),
})

interface Placed {
  readonly path: string
  readonly required: boolean
  readonly words: FormWords
}

const fieldOf = (node: Node, { path, required, words }: Placed): SettingField => ({
  path,
  label: words.labels[path] ?? sayable(path),
  meaning: node.description ?? '',
  kind: words.secrets.includes(path) ? (node.kind === 'pem' ? 'secret-lines' : 'secret') : kindOf(node),
  required,
  usual: node.default,
  options: node.enum ?? node.items?.enum ?? [],
  range: { least: node.minimum, most: node.maximum },
  asked: words.asked.includes(path),
})

function kindOf(node: Node): SettingKind {
  if (node.enum !== undefined) return 'select'
  if (node.type === 'boolean') return 'switch'
  if (node.type === 'integer' || node.type === 'number') return 'number'
  if (node.type === 'string') return kindOfText(node)
  if (node.type !== 'array') return 'json'
  if (node.items?.kind === 'pem') return 'certificates'
  if (node.items?.enum !== undefined) return 'choices'
  return node.items?.type === 'string' ? 'list' : 'json'
}

function kindOfText({ kind, format }: Node): SettingKind {
  if (kind === 'pem') return 'certificate'
  if (format === 'date') return 'date'
  return format === 'uri' ? 'url' : 'text'
}

/** `skewSeconds` -> `Skew seconds`: a setting that nobody has named yet can still be asked for. */
const sayable = (path: string): string => {
  const words = path.replaceAll('.', ': ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export const samlLabels: FormWords['labels'] = {
  idpEntityId: 'Entity ID of the IdP',
  ssoUrl: 'Sign-in address',
  certificates: 'Signing certificates',
  sloUrl: 'Sign-out address',
  sloResponseUrl: 'Sign-out address for answers',
  sloBinding: 'Binding for sign-out',
  binding: 'Binding for sign-in',
  encrypted: 'Encrypted assertions',
  'compat.until': 'Allowances: last day',
  'compat.allow': 'Allowances',
  signed: 'Signatures',
  nameIdFormat: 'NameID format',
  forceAuthn: 'Ask anew each time',
  authnContexts: 'Authentication classes',
  authnContextComparison: 'How classes are compared',
  metadataUrl: 'Metadata URL',
  metadataEnds: 'Metadata ends',
  metadataSigners: 'Who signs its metadata',
  trustNewKeys: 'Trust new keys by itself',
  expiredCertificates: 'Expired certificates',
  expiredMetadata: 'Expired metadata',
  skewSeconds: 'Clock difference, seconds',
}

export const oidcLabels: FormWords['labels'] = {
  issuer: 'Issuer',
  clientId: 'Client ID',
  clientAuth: 'How we prove ourselves',
  clientSecret: 'Client secret',
  clientSecretExpires: 'Last day of the client secret',
  tlsCertificate: 'Our TLS certificate',
  tlsKey: 'Its private key',
  tlsAuthority: 'Authority of its TLS certificate',
  idTokenAlgorithm: 'Algorithm of ID tokens',
  scopes: 'Scopes',
  userinfo: 'Ask the userinfo endpoint',
  otherOrigins: 'Other origins',
  acrValues: 'Authentication levels (acr)',
  forceLogin: 'Ask anew each time',
  frontchannelLogout: 'Sign out by a frame',
  skewSeconds: 'Clock difference, seconds',
}
