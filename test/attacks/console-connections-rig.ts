// A bridge in its parts, an owner in its console, and connections to one IdP: what the attacks on their pages are made with.
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, answerTo, bareBrowser, type Parts, startIdp, startParts } from '../journeys/parts.ts'

export let parts: Parts
export let idp: Awaited<ReturnType<typeof startIdp>>
export let visitors: ReturnType<typeof consoleVisitors>
/** The cookie of an owner, and the token of their forms. */
export let owner = ''
export let token = ''
/** The issuer of the other institution on this bridge. */
export let birch = ''
export const actor = { by: 'test', why: '' }

/** A bridge with two institutions, and an owner signed in at the first. */
export async function start(): Promise<void> {
  ;[parts, idp] = await Promise.all([
    startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } }),
    startIdp(),
  ])
  visitors = consoleVisitors(parts)
  const rows = { relyingParties: [], connections: [], cores: [] }
  const institution = { ...alder, id: 'birch', name: 'Birch Bank' }
  await parts.stores.directory.put({ ...rows, institution }, 'file')
  birch = parts.issuer.replace(/alder$/, 'birch')
  owner = (await visitors.somebody(['owner'])).cookie
  token = await visitors.tokenOf(owner)
}
export const stop = () => parts.stop()

export const go = (...asking: Parameters<typeof visitors.go>) => visitors.go(...asking)
export const made = (id: string, change: Partial<ConnectionContent> = {}, institution = 'alder') =>
  parts.flows.connections.create({ institution, id, content: { ...idp.content, ...change } }, actor)
export const get = (id: string) => parts.flows.connections.get('alder', id)

/** Passes a test login of this connection, by an answer with these attributes. */
export async function passed(id: string, attributes = '', what: 'present' | 'proposal' = 'present') {
  const browser = bareBrowser()
  const start = { connection: id, what, by: 'test', browserHash: browser.hash }
  const begun = await parts.inUnit(() => parts.flows.testLogin.start(alder, start))
  const to = { issuer: parts.issuer, connection: id, requestId: begun.departure.requestId }
  const SAMLResponse = answerTo({ ...to, facts: { attributes } }, { key: idp.key, sides: 'both' })
  await browser.post(`${parts.issuer}/saml/${id}/acs`, { SAMLResponse, RelayState: begun.id })
  return begun.id
}

/** A connection that people sign in by, and the form that says its version. */
export async function live(id: string, change: Partial<ConnectionContent> = {}) {
  await made(id, change)
  await passed(id)
  return parts.flows.connections.activate(await get(id), actor)
}

export const formFor = async (id: string, form_token = token) => ({
  form_token,
  version: String((await get(id)).version),
})
