// What an app says of its device with its pushed request: the parameter `device_signals`, as JSON.
import type { KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { type CollectedSignals, readSignals, signalsOfApp } from '../domain/client-signals.ts'

/**
 * Only by PAR: in an address it would stand in logs and histories. Throws the provider's `invalid_request` where it came another
 * way, or is not as it has to be. Called for every request, and once more when the pushed one is taken up.
 */
export function checkDeviceSignals({ oidc }: KoaContextWithOIDC, value: unknown): void {
  if (value === undefined) return
  const pushed =
    oidc.route === 'pushed_authorization_request' || oidc.entities.PushedAuthorizationRequest !== undefined
  if (!pushed) throw new errors.InvalidRequest('device_signals is taken in a pushed request alone')
  const read = readSignals(String(value))
  if ('fault' in read) throw new errors.InvalidRequest(`device_signals: ${read.fault}`)
}

/** Of a request that was checked. */
export function deviceSignalsOf(value: unknown): CollectedSignals | undefined {
  return typeof value === 'string' ? signalsOfApp(value) : undefined
}
