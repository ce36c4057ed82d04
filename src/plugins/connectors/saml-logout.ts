// Single logout of the SAML connector (SAML Profiles 4.4): our messages signed, theirs checked away from the main loop.
import { randomBytes } from 'node:crypto'
import type { ConnectorAddresses, UpstreamDeparture, UpstreamLogout } from '../../ports/connector.ts'
import type { OwnKeys } from '../../ports/own-keys.ts'
import type { SamlChecker } from '../../ports/saml-checker.ts'
import {
  deliverLogout,
  type LogoutDelivery,
  logoutRequest,
  logoutResponse,
} from '../../xml/saml/logout-message.ts'
import type { EnvelopedParts } from '../../xml/signed-info.ts'

export interface SamlLogoutPorts {
  readonly ownKeys: OwnKeys
  readonly checker: SamlChecker
}

/** What the connection's settings say of logout. */
export interface SamlLogoutSettings {
  readonly sloUrl?: string | undefined
  readonly sloBinding: 'redirect' | 'post'
  readonly idpEntityId: string
  /** Where our answers to its requests go; to `sloUrl` where it is left out. */
  readonly sloResponseUrl?: string | undefined
  readonly certificates: readonly string[]
  readonly expiredCertificates: 'warn' | 'refuse'
  readonly skewSeconds: number
}

/** Our single logout service of this connection. */
export const sloUrlOf = ({ issuer, connection }: ConnectorAddresses): string =>
  `${issuer}/saml/${connection.id}/slo`

const freshId = (): string => `_${randomBytes(16).toString('hex')}`

export function samlLogout(
  ports: SamlLogoutPorts,
  addresses: ConnectorAddresses,
  settings: SamlLogoutSettings,
): UpstreamLogout {
  const {
    sloUrl: to,
    sloBinding: binding,
    idpEntityId,
    certificates: idpCertificates,
    skewSeconds,
    expiredCertificates,
  } = settings
  const answersTo = settings.sloResponseUrl ?? to
  const { entityId: issuer, institution, connection } = addresses
  const place = { institution: institution.id, connection: connection.id, purpose: 'saml-signing' } as const
  const deliver = async (
    message: EnvelopedParts,
    how: Pick<LogoutDelivery, 'name' | 'relayState'> & { to: string },
  ): Promise<UpstreamDeparture> => {
    const signer = await ports.ownKeys.signer(place)
    return { ...(await deliverLogout(message, { binding, ...how }, signer)), requestId: message.id }
  }
  return {
    origins: to === undefined ? [] : [new URL(to).origin],
    asksUpstream: false,
    async begin({ session: { nameId, sessionIndex }, now }) {
      if (to === undefined) return undefined
      const content = { id: freshId(), issuer, destination: to, now, nameId, sessionIndex }
      return deliver(logoutRequest(content), { to, name: 'SAMLRequest', relayState: '' })
    },
    messages: {
      async read(message, { relayState, now }) {
        const destination = sloUrlOf(addresses)
        const expected = { idpEntityId, idpCertificates, destination, now, skewSeconds, expiredCertificates }
        const facts = await ports.checker.checkLogout(message, expected)
        return facts.kind === 'request' ? { ...facts, relayState } : facts
      },
      async answer({ id, relayState, now }) {
        if (answersTo === undefined) return undefined
        const content = { id: freshId(), issuer, destination: answersTo, now, inResponseTo: id }
        return deliver(logoutResponse(content), { to: answersTo, name: 'SAMLResponse', relayState })
      },
    },
  }
}
