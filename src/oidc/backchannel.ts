// The result of a CIBA request: our own record has decided by then, and the provider's row follows it in the same unit.
import { errors } from 'oidc-provider'
import { acrOf } from '../domain/acr.ts'
import type { Approval } from '../domain/approval.ts'
import { issuerOf } from '../domain/institution.ts'
import type { Backchannel } from '../ports/approvals.ts'
import type { Directory } from '../ports/stores.ts'
import { type GatePorts, providersOf } from './gate.ts'
import { grantFor } from './grants.ts'

export interface BackchannelPorts extends Pick<GatePorts, 'providers' | 'publicUrl'> {
  readonly directory: Pick<Directory, 'institution'>
}

interface StoredRequest {
  readonly scope?: string
  readonly params: Readonly<Record<string, unknown>>
}

export function createBackchannel(ports: BackchannelPorts): Backchannel {
  const providerOf = providersOf(ports)
  const found = async (approval: Approval) => {
    const institution = await ports.directory.institution(approval.institution)
    const provider = institution && (await providerOf(institution))
    const request = await provider?.BackchannelAuthenticationRequest.find(approval.request ?? '', {
      ignoreExpiration: true,
    })
    if (institution === undefined || provider === undefined || request === undefined)
      throw new Error(`the request of approval ${approval.id} is gone`)
    return { institution, provider, request }
  }
  return {
    async granted(approval, { amr, at }) {
      const { institution, provider, request } = await found(approval)
      const { scope = '', params } = request as unknown as StoredRequest
      const issuer = issuerOf(institution, ports.publicUrl)
      const { subject, relyingParty } = approval
      const scopes = scope.split(' ').filter((one) => one !== '')
      const grant = await grantFor(provider, {
        ...{ subject, relyingParty, issuer, scope: scopes, claims: params.claims },
      })
      const id = await grant.save()
      const details = params.authorization_details
      await provider.backchannelResult(request, grant, {
        ...{ acr: acrOf(amr), amr: [...amr], authTime: Math.floor(at / 1000) },
        ...(typeof details === 'string' && { rar: JSON.parse(details) }),
      } as never)
      return id
    },
    async denied(approval, code) {
      const { provider, request } = await found(approval)
      // The library keeps this one, and sets another name, which it forgets.
      Object.assign(request, { errorDescription: code })
      await provider.backchannelResult(request, new errors.AccessDenied(code))
    },
  }
}
