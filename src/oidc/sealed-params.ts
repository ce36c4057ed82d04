// What an app says of a device, in the provider's own rows: sealed there as it is with the sign-in (invariant 8).
import { decodeJwt } from 'jose'
import type { AdapterPayload } from 'oidc-provider'

/** Sealing and opening for one institution. */
export interface RowSeal {
  seal(plain: string): string
  open(sealed: string): string
}

type Payload = Record<string, unknown>

/** The row as it is kept. A pushed request may be signed by its app: it is sealed whole, and only where it says something. */
export function withSealedSignals(payload: Payload, { seal }: RowSeal): Payload {
  const { request, params } = payload as AdapterPayload
  if (typeof request === 'string' && saysSignals(request)) {
    const { request: _whole, ...rest } = payload
    return { ...rest, sealedRequest: seal(request) }
  }
  if (typeof params?.device_signals !== 'string') return payload
  const { device_signals: signals, ...others } = params
  return { ...payload, params: others, sealedSignals: seal(signals as string) }
}

/** The row as the provider wrote it. */
export function withOpenSignals(
  { sealedRequest, sealedSignals, ...rest }: Payload,
  { open }: RowSeal,
): Payload {
  if (typeof sealedRequest === 'string') return { ...rest, request: open(sealedRequest) }
  if (typeof sealedSignals !== 'string') return rest
  return { ...rest, params: { ...(rest.params as object), device_signals: open(sealedSignals) } }
}

/** The provider keeps what was pushed as a JWT, whether or not it is signed. */
function saysSignals(request: string): boolean {
  try {
    return decodeJwt(request).device_signals !== undefined
  } catch {
    return false
  }
}
