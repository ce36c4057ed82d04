// Somebody in the console of a bridge in its parts: by their roles, without an IdP; and what they ask.
import type { Role } from '../../src/domain/administrator.ts'
import type { Parts } from './parts.ts'

export interface Asking {
  readonly cookie?: string
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: BodyInit
  readonly issuer?: string
}

export interface Signing {
  /** Seconds since they proved themselves. */
  readonly age?: number
  readonly institution?: string
}

export function consoleVisitors(parts: Parts) {
  let next = 0
  const go = async (path: string, { cookie, form, headers, body, issuer }: Asking = {}) => {
    const posted = form === undefined ? body : new URLSearchParams(form)
    const response = await fetch(`${issuer ?? parts.issuer}/console${path}`, {
      method: posted === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie && { cookie: `db_console=${cookie}` }), ...headers },
      ...(posted !== undefined && { body: posted }),
    })
    const { status } = response
    return { status, location: response.headers.get('location'), text: await response.text() }
  }
  return {
    go,
    /** The token of this session's forms, as its pages have it. */
    tokenOf: async (cookie: string): Promise<string> =>
      /name="form_token" value="([^"]+)"/.exec((await go('', { cookie })).text)?.[1] as string,
    /** An administrator with these roles, signed in. */
    somebody: async (roles: readonly Role[], { age = 0, institution = 'alder' }: Signing = {}) => {
      next += 1
      const subject = `visitor-${next}`
      const now = Date.now()
      const scope = { institution, reference: 'DB-TEST-0001' }
      const cookie = await parts.base.unit.run(scope, async () => {
        await parts.stores.administrators.put({ institution, subject, roles, addedBy: 'test', addedAt: now })
        const at = now - age * 1000
        const signedIn = { subject, authenticatedAt: at, invitation: undefined, before: undefined }
        return parts.flows.consoleAccess.signIn(institution, signedIn)
      })
      return { subject, cookie }
    },
    /** The details of all audit events of this type. */
    events: async (type: string): Promise<Record<string, unknown>[]> => {
      const rows = await parts.base.database.knex('audit_event').where({ type }).orderBy('at')
      return rows.map(({ body }) => JSON.parse(body))
    },
  }
}
