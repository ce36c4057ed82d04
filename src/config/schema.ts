// Every setting of the process, once: its type, default and meaning. docs/configuration.md is printed from here.
import { z } from 'zod'

const port = (fallback: number, meaning: string) =>
  z.int().min(0).max(65_535).default(fallback).describe(meaning)

const count = (fallback: number, max: number, meaning: string) =>
  z.int().min(1).max(max).default(fallback).describe(meaning)

const milliseconds = (fallback: number, meaning: string) =>
  count(fallback, 600_000, `${meaning}, in milliseconds.`)

const seconds = (fallback: number, max: number, meaning: string) =>
  count(fallback, max, `${meaning}, in seconds.`)

const bytes = (fallback: number, meaning: string) => count(fallback, 16_777_216, `${meaning}, in bytes.`)

const host = z.string().min(1).max(253).default('127.0.0.1')

/** A secret is never written into the file: only where it is to be found. */
const reference = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'give it by reference: env:NAME or file:PATH')
  .meta({ type: 'reference' })

/** A section without any entry has its defaults. */
const section = <T extends z.ZodRawShape>(meaning: string, shape: T) =>
  z
    .strictObject(shape)
    .prefault({} as never)
    .describe(meaning)

const budget = (points: number, perSeconds: number, meaning: string) =>
  section(meaning, {
    points: count(points, 1_000_000, 'How many are allowed in the time.'),
    seconds: seconds(perSeconds, 86_400, 'The time over which they are counted'),
  })

const origin = /^https?:\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/

const database = section('Where the state is. Everything is in the database; a node keeps nothing.', {
  url: reference
    .optional()
    .describe(
      'The PostgreSQL server, as a reference to a `postgres://…` address. Without one the embedded database is used. The variable DATABASE_URL gives the address itself.',
    ),
  data_directory: z
    .string()
    .min(1)
    .default('./data')
    .describe('Directory of the embedded database, from where the process was started.'),
  pool_max: count(10, 200, 'Connections to the server at most, for each node.'),
  acquire_timeout_ms: milliseconds(
    2000,
    'How long a request waits for a connection before it is answered 503',
  ),
  allow_embedded_in_production: z
    .boolean()
    .default(false)
    .describe(
      'The embedded database does not fsync: a power cut may lose what was committed. Says that you accept it.',
    ),
})

const limits = section('What one request, and one caller, may ask for.', {
  form_bytes: bytes(
    65_536,
    'Largest form of a page (the OAuth endpoints take 57,344 bytes, whatever is set)',
  ),
  json_bytes: bytes(65_536, 'Largest JSON body of the device API'),
  saml_bytes: bytes(262_144, 'Largest SAML answer, as posted'),
  soap_bytes: bytes(1_048_576, 'Largest SOAP message to the gateway'),
  core_answer_bytes: bytes(4_194_304, 'Largest answer that is read from a core'),
  rates: section('Rate budgets. What is over its budget is answered 429 with Retry-After.', {
    pin: budget(
      10,
      60,
      'PINs typed, for each sign-in. Attempts per customer are a setting of the institution.',
    ),
    interaction: budget(
      600,
      60,
      'Pages and forms of a sign-in, the authorization endpoint among them, for each client address.',
    ),
    token: budget(
      1200,
      60,
      'Token and PAR requests, and logout tokens of providers, for each client address.',
    ),
    device: budget(60, 60, 'Device API requests, for each customer.'),
    acs: budget(300, 60, 'Answers of an upstream IdP, for each client address.'),
    gateway: budget(600, 60, 'Calls through the SOAP gateway, for each token.'),
    channel: budget(
      10,
      3600,
      'Messages that cost (SMS), for each customer. What is over it is not sent, and told in the audit.',
    ),
    probe: budget(10, 60, 'Test calls to risk engines from the console, for each institution.'),
  }),
})

const timeouts = section('Every wait has a deadline.', {
  upstream_ms: milliseconds(5000, 'An upstream IdP, where the bridge asks it directly'),
  core_ms: milliseconds(10_000, 'A core, where its own row says nothing'),
  readiness_ms: milliseconds(2000, 'The database, when /readyz asks it'),
  drain_ms: z
    .int()
    .min(0)
    .max(600_000)
    .default(5000)
    .describe(
      'How long the port stays open after a signal, in milliseconds. /readyz says 503 meanwhile, so that load balancers look elsewhere first: give it more than the interval of their checks.',
    ),
  shutdown_ms: milliseconds(10_000, 'Requests under way when the port closes; then they are cut off'),
})

const sessions = section('How long things last.', {
  browser_seconds: seconds(28_800, 2_592_000, 'The single sign-on session of a browser'),
  interaction_seconds: seconds(900, 3600, 'One sign-in, from the first page to the last'),
  code_seconds: seconds(60, 600, 'An authorization code'),
  access_token_seconds: seconds(300, 3600, 'An access token'),
  transaction_token_seconds: seconds(
    300,
    900,
    'An access token that carries a transaction, whatever other ones live; no refresh carries it on',
  ),
  refresh_token_seconds: seconds(2_592_000, 31_536_000, 'A refresh token that is not used'),
})

/** `./acme.mjs#SHA256`, as a variable says it; a package has no slash or dot in front. */
function listedPlugin(text: unknown): unknown {
  if (typeof text !== 'string') return text
  const [name = '', sha256] = text.split('#')
  return { [/^[./]/.test(name) ? 'file' : 'package']: name, sha256 }
}

const riskPlugin = z.preprocess(
  listedPlugin,
  z
    .strictObject({
      file: z.string().min(1).optional(),
      package: z
        .string()
        .regex(/^(@[\w.-]+\/)?[\w-][\w.-]*$/, 'a name of a package is needed')
        .optional(),
      sha256: z
        .string()
        .regex(/^[0-9a-fA-F]{64}$/, 'the SHA-256 of its bytes is needed: sha256sum FILE')
        .transform((hash) => hash.toLowerCase()),
    })
    .refine(({ file, package: name }) => (file === undefined) !== (name === undefined), {
      error: 'either a file or a package',
    }),
)

/** `ours=/opt/engine --strict`, as a variable says it. */
function listedProgram(text: unknown): unknown {
  if (typeof text !== 'string') return text
  const [name = '', ...command] = text.split('=')
  return { name, command: command.join('=').split(' ') }
}

const riskProgram = z.preprocess(
  listedProgram,
  z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'small letters, digits and hyphens are needed'),
    command: z
      .array(z.string().min(1))
      .min(1, 'a program is needed')
      .max(50)
      .refine(([file = '']) => file.startsWith('/'), 'the full path of the program is needed'),
  }),
)

export const settingsSchema = z.strictObject({
  mode: z
    .enum(['production', 'development'])
    .default('production')
    .describe(
      'Production refuses what is only fit for a laptop. NODE_ENV=production makes it production, whatever is written here.',
    ),
  public_url: z
    .string()
    .regex(origin, 'an origin is needed: scheme, host and port, without a path (https://login.bank.example)')
    .refine((text) => URL.canParse(text), 'this is no address')
    .meta({ type: 'origin' })
    .describe(
      'Where browsers and apps reach the bridge. Issuers are made from it, never from a header of a request. https in production.',
    ),
  listen: section('The public port.', {
    host: host.describe('Address to bind.'),
    port: port(8080, 'Port to bind; 0 for a free one. The variable PORT sets it too.'),
  }),
  management: section('The port of /healthz, /readyz and /metrics. Keep it inside.', {
    host: host.describe('Address to bind.'),
    port: port(9090, 'Port to bind; 0 for a free one.'),
  }),
  database,
  keys: z
    .strictObject({
      master: reference.describe(
        'The master key: 32 random bytes as base64 (`openssl rand -base64 32`). It seals private keys and personal data in the database, and stands outside of it. All nodes have the same.',
      ),
      renewal: section(
        'When our own keys of connections are renewed (SAML signing and decryption, private_key_jwt).',
        {
          prepare_days: count(
            30,
            365,
            'Days before the end of a key at which the next one is made and published.',
          ),
          promote_days: count(10, 364, 'Days before the end of a key at which the next one takes over.'),
          published_hours: count(24, 8760, 'Hours that a key must have been published before it takes over.'),
          overlap_days: count(
            7,
            365,
            'Days that a key which was taken over from is still published and decrypts.',
          ),
          client_assertion_days: count(
            365,
            3650,
            'Days that a key of private_key_jwt lasts. Certificates last three years.',
          ),
        },
      ),
    })
    .describe('The key that stands outside the database, and when those inside are renewed.'),
  log: section('The log: one JSON record a line.', {
    level: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Records below this level are not written.'),
    destination: z.enum(['stdout', 'stderr']).default('stdout').describe('Where records are written.'),
  }),
  limits,
  trusted_proxies: z
    .array(
      z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], 'a network or address is needed (10.0.0.0/8)'),
    )
    .meta({ type: 'networks' })
    .default([])
    .describe('Networks whose X-Forwarded-* headers are believed; everybody else’s are dropped.'),
  timeouts,
  outbound: section('What the bridge fetches from IdPs: metadata, discovery, keys, tokens.', {
    allowed_networks: z
      .array(z.union([z.cidrv4(), z.cidrv6()], 'a network is needed (10.20.0.0/16)'))
      .meta({ type: 'networks' })
      .default([])
      .describe(
        'Networks beside the public addresses in which IdPs may stand. Nothing else that is private, local or special is ever fetched from, whatever a name resolves to.',
      ),
  }),
  metadata: section('The metadata of SAML IdPs, where a connection says where it is.', {
    refresh_seconds: seconds(
      86_400,
      604_800,
      'How often it is read again where it does not ask for less itself, 300 at least',
    ),
  }),
  saml: section('The workers that read XML.', {
    workers: count(1, 64, 'Worker threads; each takes some 40 MB and checks 100 to 300 answers a second.'),
    deadline_ms: milliseconds(250, 'The longest that one message may keep a worker'),
  }),
  sessions,
  places: section('Where people are, by their address: approvals from far away are held.', {
    database: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File of a city database in MaxMind’s format (.mmdb), from where the process was started. It is kept in memory, and read again within a minute of a change. Without one nobody is looked up. See operator.md.',
      ),
    asn_database: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File of a database of autonomous systems in the same format, read in the same way: which network an address belongs to, for risk providers. Without one nobody knows.',
      ),
  }),
  risk: section('Risk engines. Which of them an institution asks stands in its own file.', {
    plugins: z
      .array(riskPlugin)
      .max(20)
      .meta({ type: 'plugins' })
      .default([])
      .describe(
        'Plugins beside those built in, each by its `file`, or `package`, and the `sha256` of its bytes: trusted code, run in threads of its own. In a variable: `./acme.mjs#SHA256`. See plugins-in-process.md.',
      ),
    programs: z
      .array(riskProgram)
      .max(20)
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'a name is there twice')
      .meta({ type: 'programs' })
      .default([])
      .describe(
        'Engines that the bridge starts as programs of their own, by the `name` that institutions have and the `command` (a list: full path, arguments). In a variable: `ours=/opt/engine --strict`. See plugins.md.',
      ),
  }),
  audit: section('The audit log.', {
    sequencer_interval_ms: milliseconds(
      1000,
      'How often committed events are integrated into the Merkle log and a checkpoint is signed',
    ),
  }),
  exchanges: section('What exchanges with IdPs looked like, kept so that failures can be explained.', {
    keep_seconds: seconds(604_800, 7_776_000, 'How long one is kept'),
    message_characters: count(32_768, 1_048_576, 'Longest kept text of one message; the rest is cut off.'),
    institution_bytes: count(
      67_108_864,
      17_179_869_184,
      'What all kept exchanges of one institution may take; the oldest go first.',
    ),
    sample_every: count(
      100,
      1_000_000,
      'Each failed exchange is kept. Of those that went well one in this many is, and one a minute of each connection and node.',
    ),
  }),
  sweeper: section('The sweeper of expired rows.', {
    interval_seconds: seconds(60, 86_400, 'How often it runs'),
  }),
})

/** The settings as they stand in the file: snake_case, secrets by reference. */
export type Settings = z.infer<typeof settingsSchema>
/** What a file or a caller may write: everything with a default may be left out. */
export type SettingsInput = z.input<typeof settingsSchema>
