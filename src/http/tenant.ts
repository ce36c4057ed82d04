// Which institution a request is for: by its own host name, else by the first segment of the path.
import { type Institution, issuerOf } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Directory } from '../ports/stores.ts'

/** The institution of a request, and where it lives. */
export interface Tenant {
  readonly institution: Institution
  /** Fixed by configuration; no header of a request can change it (attack 224). */
  readonly issuer: string
  /** What stands before every path of ours: `/alder`, or '' on a host of its own. */
  readonly prefix: string
  /** The rest of the path, with its leading slash. */
  readonly path: string
}

// RFC 8414 3.1, RFC 9728 3.1: the well-known segment comes before the issuer's or resource's own path.
const wellKnown = /^\/\.well-known\/([a-z-]+)(\/.*)?$/

/** The path with a well-known segment moved behind the institution's prefix; other paths as they are. */
function ownPath(path: string): { first: string; rest: string } | undefined {
  const known = wellKnown.exec(path)
  const target = known ? (known[2] ?? '/') : path
  const match = /^\/([^/]+)(\/.*)?$/.exec(target)
  if (!match) return undefined
  const rest = match[2] ?? '/'
  return { first: match[1] ?? '', rest: known ? `/.well-known/${known[1]}${rest === '/' ? '' : rest}` : rest }
}

/** Finds tenants; refuses with `institution.unknown` when there is none. */
export function createTenancy({ directory, publicUrl }: { directory: Directory; publicUrl: string }) {
  return async function tenantOf(host: string, path: string): Promise<Tenant> {
    const owner = (await directory.institutions()).find((institution) => institution.host === host)
    if (owner) return { institution: owner, issuer: issuerOf(owner, publicUrl), prefix: '', path }
    const own = ownPath(path)
    const institution = own === undefined ? undefined : await directory.institution(own.first)
    // An institution with a host of its own is not served under a path: one origin each (ruling R-10).
    if (own === undefined || institution === undefined || institution.host !== undefined) {
      throw new Refusal('institution.unknown')
    }
    return {
      institution,
      issuer: issuerOf(institution, publicUrl),
      prefix: `/${institution.id}`,
      path: own.rest,
    }
  }
}

/** The cookie path of a tenant: all of its pages, none of another's. */
export const tenantPath = ({ prefix }: Tenant): string => (prefix === '' ? '/' : prefix)
