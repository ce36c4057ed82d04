// The console as an app of its institution: staff sign in to it through the bridge itself, by workforce connections alone.
import type { Connection, Institution, RelyingParty } from './institution.ts'
import { issuerOf } from './institution.ts'

/** No relying party of a file may be called so. */
export const consoleId = 'drawbridge-console'

export const consoleCallback = (issuer: string): string => `${issuer}/console/callback`

/** Is this a connection by which the institution's own people sign in? */
export const isWorkforce = ({ audience }: Pick<Connection, 'audience'>): boolean => audience === 'workforce'

/** The console's own entry among the relying parties; it has no row. */
export function consoleParty(
  institution: Institution,
  connections: readonly Connection[],
  publicUrl: string,
): RelyingParty {
  const issuer = issuerOf(institution, publicUrl)
  return {
    institution: institution.id,
    id: consoleId,
    name: `${institution.name} console`,
    kind: 'app',
    redirectUris: [consoleCallback(issuer)],
    postLogoutRedirectUris: [`${issuer}/console/signed-out`],
    scopes: ['openid', 'profile', 'email'],
    // A session of the browser that began at one which is switched off opens nothing here.
    connections: connections.filter((one) => isWorkforce(one) && one.state === 'active').map(({ id }) => id),
    acrFloor: undefined,
    requirePar: false,
    requireDpop: false,
    transactionTypes: [],
    webOrigins: [],
    keys: [],
  }
}
