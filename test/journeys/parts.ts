// A bridge in its parts, with its flows at hand, and one connection to an IdP that the test plays itself.
import { createHash, randomBytes } from 'node:crypto'
import { createPublicApp } from '../../src/compose/edges.ts'
import { createFlows } from '../../src/compose/flows.ts'
import {
  createFoundation,
  createServices,
  createStores,
  type Foundation,
} from '../../src/compose/foundation.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'
import type { ConnectionContent, Institution } from '../../src/domain/institution.ts'
import { openPublicServer } from '../../src/http/public-server.ts'
import { migrated, scratch } from '../storage/scratch.ts'
import { type AnswerOptions, answer, base64, type Facts, makeKey } from '../xml/hostile/idp.ts'
import { freePort } from './free-port.ts'
import { sharedChecker } from './shared-checker.ts'

export const idpEntityId = 'https://idp.example/metadata'

export const alder: Institution = {
  id: 'alder',
  name: 'Alder Bank',
  host: undefined,
  accent: '#123456',
  language: 'en',
  help: undefined,
  stepUpOver: {},
  pin: { length: 6, attempts: 5, lockSeconds: 900 },
  devicesPerSubject: 5,
}

/** `change` goes over the settings, `over` over what all else is made of. Nothing runs in the background: what a schedule does is called by the test. */
export async function startParts(change: Partial<SettingsInput> = {}, over: Partial<Foundation> = {}) {
  const place = await scratch('embedded')
  const database = await migrated(place)
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const master = randomBytes(32).toString('base64')
  const settings: SettingsInput = {
    mode: 'development',
    public_url: publicUrl,
    listen: { host: '127.0.0.1', port },
    keys: { master: 'env:MASTER' },
    log: { level: 'error', destination: 'stderr' },
    saml: { workers: 1, deadline_ms: 20_000 },
    // Not `./data`: whoever has tried the demo here has one of the demo's.
    database: { data_directory: place.directory },
    ...change,
  }
  const config = loadSettings(settings, { MASTER: master })
  const checker = change.saml === undefined ? await sharedChecker() : undefined
  const base = { ...createFoundation(config, database, { checker }), ...over }
  const stores = createStores(base)
  const services = await createServices(base)
  const flows = createFlows(base, stores, services)
  const app = createPublicApp({ base, stores, services, flows })
  const server = await openPublicServer(app, config.listen)
  const rows = { institution: alder, relyingParties: [], connections: [], cores: [] }
  await stores.directory.put(rows, 'file')
  return {
    ...{ base, stores, services, flows, rows, issuer: `${publicUrl}/alder` },
    inUnit: <T>(work: () => Promise<T>) =>
      base.unit.run({ institution: 'alder', reference: 'DB-TEST-0001' }, work),
    stop: async () => {
      await server.close(100)
      await services.checker.close()
      await services.idpMetadata.close()
      await services.openJobs.close()
      services.messageWaiting.close()
      await database.close()
      await place.remove()
    },
  }
}

export type Parts = Awaited<ReturnType<typeof startParts>>

/** What the IdP signs, and how a connection to it is set up. */
export async function startIdp() {
  const key = await makeKey()
  const content: ConnectionContent = {
    name: 'Sign-in',
    type: 'saml',
    settings: { idpEntityId, ssoUrl: 'https://idp.example/sso', certificates: [key.pem], signed: 'both' },
    claims: { name: 'displayName' },
  }
  return { key, content }
}

const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()

export interface AnswerTo {
  readonly issuer: string
  readonly connection: string
  readonly requestId: string
  readonly facts?: Partial<Facts>
}

/** A base64 answer that holds now. */
export function answerTo({ issuer, connection, requestId, facts }: AnswerTo, options: AnswerOptions): string {
  const at = `${issuer}/saml/${connection}`
  const id = randomBytes(8).toString('hex')
  const right: Partial<Facts> = {
    ...{ responseId: `_r${id}`, assertionId: `_a${id}`, destination: `${at}/acs`, recipient: `${at}/acs` },
    ...{ audiences: [[`${at}/metadata`]], inResponseTo: requestId, confirmationInResponseTo: requestId },
    ...{ issueInstant: soon(-1), authnInstant: soon(-1), conditionsNotBefore: soon(-30) },
    ...{ conditionsUntil: soon(300), confirmationUntil: soon(300) },
  }
  return base64(answer({ ...options, facts: { ...right, ...facts } }))
}

/** A browser as far as the ACS needs one: its binding cookie. */
export function bareBrowser() {
  const value = randomBytes(24).toString('base64url')
  const cookie = `db_browser=${value}`
  const hash = createHash('sha256').update(value).digest('base64url')
  const get = (url: string) => fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
  return {
    hash,
    get,
    /** Posts to the ACS as the IdP's page does, without our cookie, and follows to where it leads. */
    async post(acs: string, fields: Readonly<Record<string, string>>) {
      const posted = await fetch(acs, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
      })
      const location = posted.headers.get('location')
      if (location === null) return posted
      return get(new URL(location, acs).href)
    },
  }
}
