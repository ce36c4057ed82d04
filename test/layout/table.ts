// The plan of the house as data: who may import whom, and where each package lives (docs/architecture.md).

/** Folder or root file -> what it may import, as path prefixes below `src/`; `*` is everything. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  'start.mjs': ['main.ts'],
  'main.ts': ['cli'],
  // Not the demo: `serve` must never load it.
  compose: [
    'domain',
    'config',
    'ports',
    'flows',
    'xml',
    'storage',
    'plugins',
    'http',
    'oidc',
    'soap',
    'console',
  ],
  domain: [],
  config: [],
  ports: ['domain'],
  flows: ['domain', 'ports'],
  xml: ['domain', 'ports'],
  storage: ['domain', 'ports'],
  plugins: ['domain', 'ports', 'xml'],
  http: ['domain', 'ports', 'flows'],
  oidc: ['domain', 'ports', 'flows', 'http'],
  soap: ['domain', 'ports', 'flows', 'http', 'xml'],
  console: ['domain', 'ports', 'flows', 'http'],
  // `ports` for the face of the composed bridge; of `http` the page kit alone.
  demo: ['domain', 'ports', 'xml', 'http/page', 'http/words', 'http/assets', 'http/security-headers.ts'],
  cli: ['domain', 'config', 'ports', 'compose', 'demo'],
}

/** What may only be imported at run time, when it is needed: `serve` never loads the demo, `check-config` no database. */
export const onlyLazily: readonly string[] = ['demo', 'compose']

const edges = ['http', 'oidc', 'soap', 'console', 'demo']
const rims = ['http', 'oidc', 'soap', 'console']

/** Package -> the folders that it lives in. A package that is not here may not be imported at all. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  canonicalize: ['domain'],
  // Judges a detail by the schema of its type. It is pure: data in, an answer out; it fetches nothing and compiles in memory.
  ajv: ['domain'],
  // Conditions of policies: pure, and made to end (domain/policy-language).
  '@marcbachmann/cel-js': ['domain'],
  zod: ['config', 'ports', 'plugins', ...rims],
  yaml: ['config'],
  saxes: ['xml'],
  'libxml2-wasm': ['xml'],
  'xml-crypto': ['xml'],
  // The tree that xml-crypto works on, for the second opinion.
  '@xmldom/xmldom': ['xml'],
  piscina: ['xml'],
  // How much slow work runs at once: PIN hashes and SAML checks.
  'p-limit': ['xml', 'plugins/keys'],
  'saml2-js': ['xml', 'plugins/connectors'],
  knex: ['storage'],
  pg: ['storage'],
  '@electric-sql/pglite': ['storage'],
  'rate-limiter-flexible': ['storage'],
  // The queue of what is to reach customers.
  'pg-boss': ['storage'],
  'openid-client': ['plugins/connectors', 'demo'],
  // Certificates of our own keys, and of the demo's peers; node:crypto reads them but cannot make them.
  '@peculiar/x509': ['plugins/keys', 'demo'],
  // What @peculiar/x509 needs to be loaded first.
  'reflect-metadata': ['plugins/keys', 'demo'],
  koa: edges,
  '@koa/router': edges,
  'raw-body': ['http'],
  // Log and counters belong to the edge where requests come in; addresses are judged there, and where we go out.
  pino: ['http'],
  'prom-client': ['http'],
  'ipaddr.js': ['http', 'plugins/net', 'plugins/places', 'plugins/risk'],
  // Reads databases of where addresses are.
  maxmind: ['plugins/places'],
  // DPoP proofs are verified at our own endpoints (http) and bound to the provider's rows (oidc); logout tokens of
  // upstream providers by their connector, whose library has no word for them.
  // Evidence is verified by it too.
  jose: ['http', 'oidc', 'plugins/connectors', 'plugins/evidence', 'demo'],
  'oidc-provider': ['oidc', 'demo'],
  // The cookie jar of the app without a browser.
  'tough-cookie': ['demo'],
  'lru-cache': ['oidc'],
  // Scales and ticks of charts.
  'd3-scale': ['console'],
  // Which numbers are those of mobile phones.
  'libphonenumber-js': ['plugins/channels'],
  // Breaker, bulkhead, deadline and retry around risk engines.
  cockatiel: ['plugins/risk'],
  // Decoders of pictures, as WebAssembly.
  '@jsquash/jpeg': ['plugins/pictures'],
  '@jsquash/png': ['plugins/pictures'],
  '@jsquash/webp': ['plugins/pictures'],
  // Passkeys of break-glass.
  '@simplewebauthn/server': ['plugins/passkeys'],
}

/** Builtins of Node where not all are allowed: hashing is a pure function of its input. */
export const builtins: Readonly<Record<string, readonly string[]>> = {
  domain: ['node:crypto'],
  flows: ['node:crypto'],
  ports: [],
}

/** Folders in which the same input gives the same result: time, chance and the world are given by ports. */
export const pure: readonly string[] = ['domain', 'flows']

/** What would break that, looked for in code without its comments and texts. */
export const impurities: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  {
    name: 'the clock',
    pattern: /\bDate\.now\b|\bnew Date\s*\(\s*\)|(?<!new )\bDate\s*\(\s*\)|\bperformance\.|\bhrtime\b/,
  },
  { name: 'a timer', pattern: /\bset(Timeout|Interval|Immediate)\b/ },
  {
    name: 'chance',
    pattern: /\bMath\.random\b|\brandom(Bytes|UUID|Int|Fill|FillSync)\b|\bgetRandomValues\b|\bgenerateKey/,
  },
  { name: 'the environment', pattern: /\bprocess\b|\bimport\.meta\b/ },
  { name: 'the network', pattern: /\bfetch\s*\(/ },
]

export const longestFile = 400

/** Names that say nothing of what is inside. */
export const emptyNames = /(^|[/-])(utils?|helpers?|common|misc|shared|manager|index)(\.ts|\/|-|$)/
