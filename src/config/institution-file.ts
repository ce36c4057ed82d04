// The file of one institution: its row, relying parties, connections and cores, as people write them.
import { z } from 'zod'
import {
  amounts,
  currencyFaults,
  type PolicyRules,
  policyShape,
  stepUpInFault,
} from './institution-policy.ts'
import { ratedIn, ratesShape } from './institution-rates.ts'
import { type RiskRules, riskShape } from './institution-risk.ts'

/** By what a message to a core can be compared with an approved transaction. */
export interface TypeValues {
  readonly type: string
  /** The facts that it has, as this file names them. */
  readonly facts: readonly string[]
  /** JSON pointers of its other values: those that are always there, and those that may be. */
  readonly needed: readonly string[]
  readonly optional: readonly string[]
  readonly hasLists: boolean
}

/** What the domain knows and this folder, which imports nothing, is told. */
export interface InstitutionRules extends PolicyRules, RiskRules {
  /** May an institution, connection or core be called so? */
  isId(value: string): boolean
  /** What is wrong with a name that people read, with a code that stays; undefined when it may be so. */
  labelFault(name: string): { readonly code: string; readonly message: string } | undefined
  /** What is wrong with a picture, `data:image/png;base64,…`, as far as its bytes tell; undefined when it may be shown. */
  logoFault(value: string): { readonly code: string; readonly message: string } | undefined
  /** Is this the domain of a mail address, in lower case and as DNS has it? */
  isMailDomain(value: string): boolean
  /** May a claims table set this claim? */
  isMappable(claim: string): boolean
  /** What is wrong with a table of levels, each with its place below the table; empty when it can be used. */
  levelFaults(
    table: Readonly<Record<string, readonly string[]>>,
  ): readonly { readonly path: string; readonly message: string }[]
  /** Who may raise a sign-in first; the default comes first. */
  readonly raisers: readonly [string, ...string[]]
  isRelyingPartyId(value: string): boolean
  /** What is wrong with a redirect; undefined when it is fine. */
  redirectFault(text: string): string | undefined
  isOrigin(text: string): boolean
  /** May a logout token or a ping be posted there, by its form? */
  isBackchannel(text: string): boolean
  /** What is wrong with a type of transaction, each with its place in it; `earlier` are those that stand before it. */
  transactionTypeFaults(
    type: unknown,
    earlier: readonly unknown[],
  ): readonly { readonly path: readonly (string | number)[]; readonly message: string }[]
  /** Types of transaction that are built in. */
  readonly transactionTypes: readonly TypeValues[]
  /** The same of an entry of this file, as far as it can be read. */
  typeValues(type: unknown): TypeValues
  /** The levels by their short names, lowest first. */
  readonly levels: readonly [string, ...string[]]
  /** Scopes beside `core:ID`. */
  readonly scopes: readonly string[]
  /** Those of them that no app may have. */
  readonly clientScopes: readonly string[]
  readonly languages: readonly [string, ...string[]]
  /** Types of connection that there is a connector for. */
  readonly connectionTypes: readonly [string, ...string[]]
  /** Before which no record may be deleted, in days. */
  readonly leastRetentionDays: number
  /** Types of channel that there is a plugin for. */
  readonly channelTypes: readonly [string, ...string[]]
  /** Types of operators' APIs that there is a plugin for. */
  readonly lineTypes: readonly [string, ...string[]]
  /** What becomes of codes while no operator answers; the default comes first. */
  readonly simFallbacks: readonly [string, ...string[]]
}

/** A fault with its code, which stays when the words change. */
const coded =
  (judge: (text: string) => { readonly code: string; readonly message: string } | undefined) =>
  (text: string, ctx: z.RefinementCtx<string>) => {
    const fault = judge(text)
    if (fault !== undefined) ctx.addIssue({ code: 'custom', message: `${fault.message} (${fault.code})` })
  }

const label = (rules: InstitutionRules) => z.string().trim().superRefine(coded(rules.labelFault))
const seconds = (fallback: number, max: number) => z.int().min(1).max(max).default(fallback)
const clientId = (rules: InstitutionRules) =>
  z
    .string()
    .refine(
      rules.isRelyingPartyId,
      'lower-case letters, digits, dot, - and _ are allowed, and no reserved name',
    )

const redirect = (rules: InstitutionRules) =>
  z.string().superRefine((text, ctx) => {
    const fault = rules.redirectFault(text)
    if (fault !== undefined) ctx.addIssue({ code: 'custom', message: fault })
  })

const webOrigin = (rules: InstitutionRules) =>
  z.string().refine(rules.isOrigin, 'an origin is needed: https://app.example')

const endpoint = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https address is needed')

const backchannel = (rules: InstitutionRules) =>
  z.string().refine(rules.isBackchannel, 'a https address without fragment is needed (http on loopback)')

const id = (rules: InstitutionRules) =>
  z
    .string()
    .refine(rules.isId, '2 to 32 lower-case letters, digits and hyphens are needed, and no reserved word')

/** How customers are asked out of band. */
const approvalsShape = z.strictObject({
  open: z.int().min(1).max(20).default(3),
  new_device_hours: z.int().min(0).max(720).default(24),
  far_kilometres: z.int().min(1).max(20_000).default(500),
  signatory_hours: z.int().min(1).max(168).default(24),
})

/** How long records are kept after they have ended. */
function retentionShape({ leastRetentionDays: least }: InstitutionRules) {
  const allowed = (days: number) => Number.isInteger(days) && days >= least && days <= 36_500
  const message = `days from ${least} to 36500 are needed, or never`
  const days = z.union([z.number().refine(allowed, message), z.literal('never')], message).default('never')
  return z.strictObject({ evidence_days: days, transactions_days: days, risk_days: days })
}

/** An API that may ask customers who are not there. */
const backchannelShape = (rules: InstitutionRules) =>
  z
    .strictObject({
      number: z.enum(['required', 'none']).default('required'),
      user_code: z.boolean().default(false),
      signed: z.boolean().default(false),
      token_delivery_mode: z.enum(['poll', 'ping'], 'poll or ping is needed').default('poll'),
      client_notification_endpoint: backchannel(rules).optional(),
    })
    .superRefine(({ token_delivery_mode: mode, client_notification_endpoint: endpoint }, ctx) => {
      if ((mode === 'ping') === (endpoint !== undefined)) return
      const message = mode === 'ping' ? 'say where it is pinged' : 'only an api that is pinged has one'
      ctx.addIssue({ code: 'custom', path: ['client_notification_endpoint'], message })
    })

const institutionShape = (rules: InstitutionRules) =>
  z
    .strictObject({
      id: id(rules),
      name: label(rules),
      host: z
        .string()
        .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/, 'a host name in lower case is needed')
        .optional(),
      accent: z
        .string()
        .regex(/^#[0-9a-fA-F]{6}$/, 'a colour is needed: "#1f6f5c"')
        .default('#1f4e79'),
      language: z.enum(rules.languages).default(rules.languages[0]),
      help: z
        .string()
        .regex(/^(https:\/\/|tel:\+?)\S+$/, 'a https: or tel: address is needed')
        .optional(),
      step_up_over: amounts(rules).default({}),
      step_up_over_in: z.string().optional(),
      rates: ratesShape(rules).optional(),
      policy: policyShape(rules).optional(),
      limit_cool_down_hours: z.int().min(0).max(720).default(24),
      review_hours: z.int().min(1).max(168).default(24),
      release_hours: z.int().min(1).max(168).default(24),
      pin: z
        .strictObject({
          length: z.int().min(4).max(12).default(6),
          attempts: z.int().min(1).max(10).default(5),
          lock_seconds: seconds(900, 86_400),
        })
        .prefault({}),
      devices_per_subject: z.int().min(1).max(100).default(5),
      approvals: approvalsShape.prefault({}),
      retention: retentionShape(rules).prefault({}),
      browser_signals: z.boolean().default(false),
    })
    .superRefine(({ policy, rates, ...entry }, ctx) => {
      const terms = { stepUpOver: entry.step_up_over, rated: ratedIn(rates) }
      const faults = [...stepUpInFault(entry.step_up_over_in, terms), ...currencyFaults(policy, terms, rules)]
      for (const { path, message } of faults) ctx.addIssue({ code: 'custom', path, message })
    })

const jwk = z
  .looseObject({ kty: z.enum(['EC', 'RSA', 'OKP']) })
  .refine((key) => !('d' in key || 'k' in key), 'this holds a private key; give the public half only')

const relyingPartyShape = (rules: InstitutionRules) =>
  z
    .strictObject({
      id: clientId(rules),
      name: label(rules),
      kind: z.enum(['app', 'api']).default('app'),
      redirect_uris: z.array(redirect(rules)).default([]),
      post_logout_redirect_uris: z.array(redirect(rules)).default([]),
      subject_type: z.enum(['public', 'pairwise']).default('public'),
      backchannel_logout_uri: backchannel(rules).optional(),
      scopes: z.array(z.string()).default(['openid']),
      /** One of `connections`, as it was written before an app could have several. */
      connection: z.string().optional(),
      connections: z.array(z.string()).min(1, 'an app needs one at least').max(20).optional(),
      acr_floor: z.enum(rules.levels).optional(),
      require_par: z.boolean().default(true),
      require_dpop: z.boolean().default(true),
      transaction_types: z.array(z.string()).default([]),
      web_origins: z.array(webOrigin(rules)).default([]),
      introspection: z.enum(['look', 'consume']).default('look'),
      backchannel: backchannelShape(rules).optional(),
      keys: z.array(jwk).default([]),
    })
    .superRefine((party, ctx) => {
      for (const [key, message] of partyFaults(party, rules.clientScopes))
        ctx.addIssue({ code: 'custom', path: [key], message })
    })

interface Party {
  readonly kind: 'app' | 'api'
  readonly redirect_uris: readonly string[]
  readonly keys: readonly unknown[]
  readonly scopes: readonly string[]
  readonly subject_type: 'public' | 'pairwise'
  readonly introspection: 'look' | 'consume'
  readonly backchannel?: object | undefined
}

/** What the fields of one relying party say of one another. */
function partyFaults(party: Party, clientScopes: readonly string[]): [keyof Party, string][] {
  const { kind, redirect_uris, keys, scopes, subject_type, introspection, backchannel } = party
  const faults: [keyof Party, string][] = []
  const hosts = new Set(redirect_uris.map((uri) => URL.parse(uri)?.host))
  if (kind === 'app' && redirect_uris.length === 0)
    faults.push(['redirect_uris', 'an app needs one at least'])
  for (const scope of kind === 'app' ? scopes.filter((one) => clientScopes.includes(one)) : [])
    faults.push(['scopes', `${scope} is for an api, never for an app`])
  if (kind === 'app' && introspection === 'consume') faults.push(['introspection', 'only an api introspects'])
  if (kind === 'app' && backchannel !== undefined)
    faults.push(['backchannel', 'only an api asks customers who are not there'])
  if (backchannel !== undefined && !scopes.includes('openid'))
    faults.push(['scopes', 'what asks by CIBA needs openid'])
  // The library wants a `jwks_uri` of such a client, and has none of it at all without.
  if (backchannel !== undefined && subject_type === 'pairwise')
    faults.push(['subject_type', 'what asks by CIBA knows customers by their public names'])
  if (kind === 'api' && keys.length === 0)
    faults.push(['keys', 'an api signs in with private_key_jwt and needs one public key at least'])
  if (subject_type === 'pairwise' && hosts.size > 1)
    faults.push(['redirect_uris', 'pairwise names need redirects of one host (OpenID Connect Core 8.1)'])
  return faults
}

const connectionShape = (rules: InstitutionRules) =>
  z.strictObject({
    id: id(rules),
    name: label(rules),
    type: z.enum(rules.connectionTypes).default(rules.connectionTypes[0]),
    enabled: z.boolean().default(true),
    audience: z.enum(['customers', 'workforce']).default('customers'),
    settings: z.record(z.string(), z.unknown()),
    claims: z
      .record(z.string(), z.string().min(1).max(500))
      .default({})
      .superRefine((table, ctx) => {
        for (const claim of Object.keys(table)) {
          if (rules.isMappable(claim)) continue
          ctx.addIssue({ code: 'custom', path: [claim], message: 'no upstream attribute may set this claim' })
        }
      }),
    logo: z.string().superRefine(coded(rules.logoFault)).optional(),
    domains: z
      .array(z.string().refine(rules.isMailDomain, 'a domain in lower case is needed: alder.example'))
      .max(100)
      .default([]),
    levels: z
      .record(z.string(), z.array(z.string()))
      .default({})
      .superRefine((table, ctx) => {
        for (const { path, message } of rules.levelFaults(table))
          ctx.addIssue({ code: 'custom', path: [path], message })
      }),
    raised_by: z.enum(rules.raisers).default(rules.raisers[0]),
  })

/** What the channel's own plugin makes of its settings is judged where they are applied. */
const channelShape = (rules: InstitutionRules) =>
  z.strictObject({
    id: id(rules),
    type: z.enum(rules.channelTypes),
    settings: z.record(z.string(), z.unknown()).default({}),
  })

/** Who tells of the lines of its customers; what the plugin makes of its settings is judged where they are applied. */
const lineFactsShape = (rules: InstitutionRules) =>
  z.strictObject({
    type: z.enum(rules.lineTypes),
    max_age_hours: z.int().min(1).max(2400).default(72),
    on_failure: z.enum(rules.simFallbacks).default(rules.simFallbacks[0]),
    settings: z.record(z.string(), z.unknown()).default({}),
  })

const pathFault = 'a path of local names is needed: Amount/Value'

/** `Amount/Value` or ['Amount', 'Value']: local names below the operation element. */
const path = z.union(
  [z.string().regex(/^[^\s/]+(\/[^\s/]+)*$/, pathFault), z.array(z.string().regex(/^[^\s/]+$/)).min(1)],
  pathFault,
)

const operationShape = (rules: InstitutionRules) =>
  z.strictObject({
    namespace: z.string().min(1).max(500),
    name: z.string().regex(/^[^\s:/]+$/, 'a local name is needed, without prefix'),
    soap_action: z.string().min(1).max(500).optional(),
    acr: z.enum(rules.levels),
    transaction: z
      .strictObject({
        type: z.string().default('payment_initiation'),
        amount: path.optional(),
        currency: path.optional(),
        debtor_account: path.optional(),
        creditor_account: path.optional(),
        creditor_name: path.optional(),
        also: z.record(z.string(), path).optional(),
      })
      .optional(),
  })

const coreShape = (rules: InstitutionRules) =>
  z.strictObject({
    id: id(rules),
    name: label(rules),
    endpoint,
    audience: z.string().min(1).max(500),
    addressing: z.boolean().default(false),
    timeout_ms: z.int().min(100).max(120_000).optional(),
    assertion_seconds: seconds(60, 600),
    operations: z.array(operationShape(rules)).min(1, 'a core without operations could not be called'),
  })

/** The institution's own types. Their form is the domain's; a name that is built in cannot be given another meaning. */
const transactionTypes = (rules: InstitutionRules) =>
  z
    .array(z.record(z.string(), z.unknown()))
    .max(50)
    .superRefine((types, ctx) => {
      for (const [i, one] of types.entries())
        for (const { path: below, message } of rules.transactionTypeFaults(one, types.slice(0, i)))
          ctx.addIssue({ code: 'custom', path: [i, ...below], message })
    })
    .default([])

/** The whole file. `rules` come from the domain; references between the parts are checked by the reader. */
export const institutionFileSchema = (rules: InstitutionRules) =>
  z.strictObject({
    institution: institutionShape(rules),
    relying_parties: z.array(relyingPartyShape(rules)).default([]),
    connections: z.array(connectionShape(rules)).default([]),
    cores: z.array(coreShape(rules)).default([]),
    transaction_types: transactionTypes(rules),
    channels: z.array(channelShape(rules)).max(20).default([]),
    risk: riskShape(rules).optional(),
    line_facts: lineFactsShape(rules).optional(),
  })

/** One file, checked. */
export type InstitutionFile = z.infer<ReturnType<typeof institutionFileSchema>>
export type RelyingPartyEntry = InstitutionFile['relying_parties'][number]
export type ConnectionEntry = InstitutionFile['connections'][number]
export type TransactionTypeEntry = InstitutionFile['transaction_types'][number]
export type CoreEntry = InstitutionFile['cores'][number]
export type ChannelEntry = InstitutionFile['channels'][number]
export type LineFactsEntry = NonNullable<InstitutionFile['line_facts']>
export type OperationEntry = CoreEntry['operations'][number]
