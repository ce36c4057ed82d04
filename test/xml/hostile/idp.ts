// A genuine IdP for tests: answers that must be accepted, and the handles by which each attack changes them.
import { createSign, generateKeyPairSync, type KeyObject, sign, webcrypto } from 'node:crypto'
import 'reflect-metadata'
import { createHash, createHmac } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { ExpectedAnswer } from '../../../src/domain/saml-answer.ts'
import { ALG, NS } from '../../../src/xml/names.ts'
import { canonicalTree, parseTree, type Tree } from '../../../src/xml/tree.ts'

x509.cryptoProvider.set(webcrypto as Crypto)

export interface TestKey {
  readonly privateKey: KeyObject
  readonly pem: string
  readonly base64: string
  readonly kind: 'rsa' | 'ec'
}

export async function makeKey(
  kind: 'rsa' | 'ec' = 'rsa',
  bits = 2048,
  dates: { notBefore?: Date; notAfter?: Date } = {},
): Promise<TestKey> {
  const pair =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm =
    kind === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { subtle } = webcrypto
  const keys = {
    privateKey: await subtle.importKey(
      'pkcs8',
      pair.privateKey.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      false,
      ['sign'],
    ),
    publicKey: await subtle.importKey(
      'spki',
      pair.publicKey.export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  } as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm,
    ...dates,
  })
  return {
    privateKey: pair.privateKey,
    pem: certificate.toString('pem'),
    base64: Buffer.from(certificate.rawData).toString('base64'),
    kind,
  }
}

export const now = Date.parse('2026-11-24T12:00:00Z')
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString()

/** What an answer says; every member can be changed by a test. */
export interface Facts {
  prefix: string
  protocolPrefix: string
  responseId: string
  assertionId: string
  issuer: string
  responseIssuer: string | undefined
  destination: string | undefined
  inResponseTo: string | undefined
  confirmationInResponseTo: string | undefined
  recipient: string | undefined
  confirmationUntil: string | undefined
  confirmationNotBefore: string | undefined
  method: string | undefined
  /** The audience restrictions, each a list of audiences; undefined leaves Conditions out. */
  audiences: string[][] | undefined
  conditionsNotBefore: string
  conditionsUntil: string | undefined
  extraCondition: string
  issueInstant: string
  authnInstant: string
  sessionUntil: string | undefined
  authnContext: string
  status: string
  nameId: string
  nameIdAttributes: string
  attributes: string
  beforeAssertion: string
  afterAssertion: string
  insideAssertion: string
}

export const expected: Omit<ExpectedAnswer, 'idpCertificates'> = {
  idpEntityId: 'https://idp.example/metadata',
  spEntityId: 'https://bridge.example/alder/saml/main/metadata',
  acsUrl: 'https://bridge.example/alder/saml/main/acs',
  requestId: '_request1',
  now,
  skewSeconds: 60,
  maxLifetimeSeconds: 600,
  signed: 'either',
  encrypted: 'optional',
  allow: [],
  authenticatedAfter: undefined,
  authnContexts: [],
}

export const genuine: Facts = {
  prefix: 'saml',
  protocolPrefix: 'samlp',
  responseId: '_r1',
  assertionId: '_a1',
  issuer: expected.idpEntityId,
  responseIssuer: expected.idpEntityId,
  destination: expected.acsUrl,
  inResponseTo: '_request1',
  confirmationInResponseTo: '_request1',
  recipient: expected.acsUrl,
  confirmationUntil: at(300),
  confirmationNotBefore: undefined,
  method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
  audiences: [[expected.spEntityId]],
  conditionsNotBefore: at(-30),
  conditionsUntil: at(300),
  extraCondition: '',
  issueInstant: at(-1),
  authnInstant: at(-20),
  sessionUntil: undefined,
  authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
  nameId: 'alice',
  nameIdAttributes: ' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"',
  attributes: '',
  beforeAssertion: '',
  afterAssertion: '',
  insideAssertion: '',
}

const attribute = (name: string, value: string | undefined): string =>
  value === undefined ? '' : ` ${name}="${value}"`

export function assertionXml(f: Facts): string {
  const a = f.prefix
  const confirmation =
    f.method === undefined
      ? ''
      : `<${a}:SubjectConfirmation Method="${f.method}"><${a}:SubjectConfirmationData${attribute('InResponseTo', f.confirmationInResponseTo)}${attribute('Recipient', f.recipient)}${attribute('NotBefore', f.confirmationNotBefore)}${attribute('NotOnOrAfter', f.confirmationUntil)}/></${a}:SubjectConfirmation>`
  const restrictions = (f.audiences ?? [])
    .map(
      (list) =>
        `<${a}:AudienceRestriction>${list.map((one) => `<${a}:Audience>${one}</${a}:Audience>`).join('')}</${a}:AudienceRestriction>`,
    )
    .join('')
  const conditions =
    f.audiences === undefined
      ? ''
      : `<${a}:Conditions NotBefore="${f.conditionsNotBefore}"${attribute('NotOnOrAfter', f.conditionsUntil)}>${restrictions}${f.extraCondition}</${a}:Conditions>`
  const statement =
    f.attributes === '' ? '' : `<${a}:AttributeStatement>${f.attributes}</${a}:AttributeStatement>`
  return (
    `<${a}:Assertion xmlns:${a}="${NS.saml2}" ID="${f.assertionId}" Version="2.0" IssueInstant="${f.issueInstant}"><${a}:Issuer>${f.issuer}</${a}:Issuer>` +
    `<${a}:Subject><${a}:NameID${f.nameIdAttributes}>${f.nameId}</${a}:NameID>${confirmation}</${a}:Subject>${conditions}${f.insideAssertion}` +
    `<${a}:AuthnStatement AuthnInstant="${f.authnInstant}" SessionIndex="_s1"${attribute('SessionNotOnOrAfter', f.sessionUntil)}><${a}:AuthnContext><${a}:AuthnContextClassRef>${f.authnContext}</${a}:AuthnContextClassRef></${a}:AuthnContext></${a}:AuthnStatement>${statement}</${a}:Assertion>`
  )
}

export function responseXml(f: Facts, assertion: string): string {
  const p = f.protocolPrefix
  const issuer =
    f.responseIssuer === undefined
      ? ''
      : `<${f.prefix}:Issuer xmlns:${f.prefix}="${NS.saml2}">${f.responseIssuer}</${f.prefix}:Issuer>`
  return (
    `<${p}:Response xmlns:${p}="${NS.samlp}" ID="${f.responseId}" Version="2.0" IssueInstant="${f.issueInstant}"${attribute('Destination', f.destination)}${attribute('InResponseTo', f.inResponseTo)}>` +
    `${issuer}<${p}:Status><${p}:StatusCode Value="${f.status}"/></${p}:Status>${f.beforeAssertion}${assertion}${f.afterAssertion}</${p}:Response>`
  )
}

/** How a signature is made; the defaults are what a good IdP does. */
export interface SignatureForm {
  method?: string
  digest?: string
  transforms?: string
  reference?: string
  keyInfo?: string
  /** Rewrites the finished Signature. */
  twist?: (signature: string) => string
  /** Signs this canonical text instead of the element's own. */
  canonical?: string
  /** Of the Signature; '' makes its namespace the default one. */
  prefix?: string
}

const hashes: Record<string, string> = {
  [ALG.sha256]: 'sha256',
  [ALG.sha384]: 'sha384',
  [ALG.sha512]: 'sha512',
  'http://www.w3.org/2000/09/xmldsig#sha1': 'sha1',
}
const signHashes: Record<string, string> = {
  [ALG.rsaSha256]: 'sha256',
  [ALG.rsaSha384]: 'sha384',
  [ALG.rsaSha512]: 'sha512',
  [ALG.ecdsaSha256]: 'sha256',
  'http://www.w3.org/2000/09/xmldsig#rsa-sha1': 'sha1',
}

export function signatureFor(canonical: string, id: string, key: TestKey, form: SignatureForm = {}): string {
  const d = form.prefix === '' ? '' : `${form.prefix ?? 'ds'}:`
  const declaration = `xmlns${d === '' ? '' : `:${d.slice(0, -1)}`}="${NS.ds}"`
  const method = form.method ?? (key.kind === 'rsa' ? ALG.rsaSha256 : ALG.ecdsaSha256)
  const digestUri = form.digest ?? ALG.sha256
  const transforms =
    form.transforms ??
    `<${d}Transform Algorithm="${ALG.enveloped}"/><${d}Transform Algorithm="${ALG.excC14n}"/>`
  const digest = createHash(hashes[digestUri] ?? 'sha256')
    .update(form.canonical ?? canonical)
    .digest('base64')
  const reference =
    form.reference ??
    `<${d}Reference URI="#${id}"><${d}Transforms>${transforms}</${d}Transforms><${d}DigestMethod Algorithm="${digestUri}"/><${d}DigestValue>${digest}</${d}DigestValue></${d}Reference>`
  const info = `<${d}SignedInfo ${declaration}><${d}CanonicalizationMethod Algorithm="${ALG.excC14n}"/><${d}SignatureMethod Algorithm="${method}"/>${reference}</${d}SignedInfo>`
  const canonicalInfo = canonicalTree(parseTree(info).root)
  const hash = Object.hasOwn(signHashes, method) ? (signHashes[method] as string) : 'sha256'
  const value =
    key.kind === 'rsa'
      ? createSign(hash).update(canonicalInfo).sign(key.privateKey, 'base64')
      : sign(hash, Buffer.from(canonicalInfo), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
          'base64',
        )
  const keyInfo =
    form.keyInfo ??
    `<${d}KeyInfo><${d}X509Data><${d}X509Certificate>${key.base64}</${d}X509Certificate></${d}X509Data></${d}KeyInfo>`
  const whole = `<${d}Signature ${declaration}>${info}<${d}SignatureValue>${value}</${d}SignatureValue>${keyInfo}</${d}Signature>`
  return form.twist ? form.twist(whole) : whole
}

/** Attack 20: the value is an HMAC over SignedInfo, keyed by the certificate's PEM, which a verifier may take for a key. */
export function hmacByPublicKey({ pem }: TestKey, method: string): SignatureForm {
  const hash = method.split('-').at(-1) as string
  const twist = (signature: string): string => {
    const info = /<ds:SignedInfo.*<\/ds:SignedInfo>/.exec(signature)?.[0] ?? ''
    const value = createHmac(hash, pem)
      .update(canonicalTree(parseTree(info).root))
      .digest('base64')
    return signature.replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${value}`)
  }
  return { method, twist }
}

function find(root: Tree, id: string): Tree {
  const all: Tree[] = [root]
  for (let next = all.pop(); next; next = all.pop()) {
    if (next.attributes.some(({ local, value }) => local === 'ID' && value === id)) return next
    all.push(...next.children.filter((child): child is Tree => typeof child !== 'string'))
  }
  throw new Error(`no element ${id}`)
}

/** Signs the element with this ID, its Signature right after its Issuer. */
export function signed(xml: string, id: string, key: TestKey, form: SignatureForm = {}): string {
  const { root } = parseTree(xml, { bytes: 10_000_000, elements: 1_000_000, attributes: 1000, depth: 10_000 })
  const element = find(root, id)
  const signature = signatureFor(canonicalTree(element), id, key, form)
  const issuer = element.children.find(
    (child): child is Tree => typeof child !== 'string' && child.local === 'Issuer',
  )
  const place = issuer?.end ?? xml.indexOf('>', element.start) + 1
  return xml.slice(0, place) + signature + xml.slice(place)
}

export type Sides = 'assertion' | 'response' | 'both' | 'none'

export interface AnswerOptions {
  facts?: Partial<Facts>
  sides?: Sides
  key: TestKey
  assertionForm?: SignatureForm
  responseForm?: SignatureForm
}

/** A whole answer as the IdP would post it. */
export function answer({
  facts = {},
  sides = 'both',
  key,
  assertionForm,
  responseForm,
}: AnswerOptions): string {
  const f = { ...genuine, ...facts }
  const bare = assertionXml(f)
  const assertion =
    sides === 'assertion' || sides === 'both' ? signed(bare, f.assertionId, key, assertionForm) : bare
  const whole = responseXml(f, assertion)
  return sides === 'response' || sides === 'both' ? signed(whole, f.responseId, key, responseForm) : whole
}

export const base64 = (xml: string | Buffer): string => Buffer.from(xml).toString('base64')
