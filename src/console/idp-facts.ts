// What an IdP publishes of itself, for people to compare with what they were told by another way.
import type { IdpEndpoint, IdpFacts } from '../domain/idp-facts.ts'
import type { IgnoredKey } from '../domain/idp-metadata.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, keyValues, notice, type Row } from '../http/page/parts.ts'
import { certificateView } from './certificates.ts'
import type { Visit } from './desk.ts'
import { count, momentText } from './words.ts'

export interface FactsView {
  readonly facts: IdpFacts
  /** Other connections to the same IdP. */
  readonly twins: readonly string[]
  readonly now: number
}

const uses: Readonly<Record<IdpEndpoint['use'], string>> = {
  'sign-in': 'Sign-in',
  'sign-out': 'Sign-out',
  token: 'Tokens',
  keys: 'Keys',
  userinfo: 'Userinfo',
}

const bindings = { redirect: 'HTTP-Redirect', post: 'HTTP-POST' } as const

export const factsView = (visit: Visit, view: FactsView): Html =>
  html`${twinNotice(visit, view)}${originNotice(view)}
<section class="card stack" aria-labelledby="h-facts"><h2 id="h-facts">What was read</h2>${rowsOf(view)}</section>
${certificateCard(view)}`

function rowsOf({ facts }: FactsView): Html {
  const { validUntil, signedBy, algorithms, clientAuths, keyCount, certificates } = facts
  const rows: (Row | undefined)[] = [
    [certificates.length > 0 ? 'Entity ID' : 'Issuer', html`<code class="copy">${facts.identifier}</code>`],
    facts.name === undefined ? undefined : ['It calls itself', bdi(facts.name)],
    ...facts.endpoints.map((one): Row => [endpointName(one), html`<code class="copy">${one.url}</code>`]),
    facts.nameIdFormats.length === 0 ? undefined : ['NameID formats', lines(facts.nameIdFormats)],
    keyCount === undefined
      ? undefined
      : ['Its keys', `${count(keyCount, 'key', 'keys')}, fetched anew as they are needed`],
    algorithms.length === 0 ? undefined : ['Signs by', algorithms.join(', ')],
    clientAuths.length === 0 ? undefined : ['Clients prove themselves by', clientAuths.join(', ')],
    certificates.length === 0
      ? undefined
      : [
          'Signed by',
          signedBy === undefined
            ? 'Nobody whom you have pinned: that you looked at it is what counts'
            : html`<code class="copy">${signedBy}</code>`,
        ],
    validUntil === undefined ? undefined : ['Good until', momentText(validUntil)],
  ]
  return keyValues(rows)
}

const endpointName = ({ use, binding }: IdpEndpoint): string =>
  binding === undefined ? uses[use] : `${uses[use]}, ${bindings[binding]}`

const lines = (all: readonly string[]): Html =>
  html`${all.map((one, i) => html`${i > 0 && html`<br>`}${bdi(one)}`)}`

const reasons: Readonly<Record<IgnoredKey['reason'], string>> = {
  'no certificate': 'it stands there without a certificate',
  'several certificates': 'several certificates stand in one place',
  unreadable: 'its certificate cannot be read',
  weak: 'it is too weak (RSA needs 2048 bits or more)',
}

function certificateCard({ facts: { certificates, ignored }, now }: FactsView): Html | undefined {
  if (certificates.length === 0 && ignored.length === 0) return undefined
  const ended = certificates.filter(({ notAfter }) => notAfter <= now)
  return html`<section class="card stack" aria-labelledby="h-certs"><h2 id="h-certs">Signing certificates</h2>
<p class="hint">Ask the IdP’s administrator for the fingerprints, by another way than this address, and compare.</p>
${ended.length > 0 && notice('warn', `${count(ended.length, 'certificate has', 'certificates have')} ended.`, 'Ask whether the IdP still signs by it.')}
<ul class="facts">${certificates.map((one) => html`<li>${certificateView(one, now)}</li>`)}</ul>
${ignored.length > 0 && html`<h3>Keys that do not count</h3><ul class="plain-list small">${ignored.map(({ use, reason }) => html`<li>A key for ${use === 'both' ? 'signing and encryption' : use}: ${reasons[reason]}</li>`)}</ul>`}</section>`
}

function twinNotice(visit: Visit, { twins }: FactsView): Html | undefined {
  if (twins.length === 0) return undefined
  const links = twins.map(
    (id, i) => html`${i > 0 && ', '}<a href="${visit.path(`/connections/${id}`)}">${id}</a>`,
  )
  return notice(
    'info',
    'There is a connection to this IdP already.',
    html`${links}. Another one has addresses of its own, so both may be.`,
  )
}

function originNotice({ facts: { otherOrigins } }: FactsView): Html | undefined {
  if (otherOrigins.length === 0) return undefined
  return notice(
    'warn',
    'It has endpoints on other origins than its own.',
    `Saving allows them: ${otherOrigins.join(', ')}. Ask whether that is meant.`,
  )
}
