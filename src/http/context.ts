// What every request of ours carries: its reference, its institution, and how a refusal is to be told.
import type { IncomingMessage } from 'node:http'
import type { Context } from 'koa'
import type { AuditTrace } from '../domain/audit.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UnitScope } from '../ports/unit-of-work.ts'
import type { Tenant } from './tenant.ts'

/** Who reads a refusal: a person or an app. */
export type Face = 'page' | 'json'

export interface RequestState {
  reference: string
  clientAddress: string
  face: Face
  tenant: Tenant | undefined
  /** Set where the page of a refusal can lead back to a sign-in. */
  startAgain: string | undefined
  /** Whom a refusal of this request concerns; asked only when one is to be recorded, so that what goes well pays nothing. */
  concerns: (() => Promise<AuditTrace | undefined>) | undefined
  /** How a refusal is told where neither a page nor JSON will do. */
  tell: ((ctx: Context, refusal: Refusal) => void) | undefined
}

/** The state of this request, set by the entry of the app. */
export const stateOf = (ctx: Context): RequestState => ctx.state as RequestState

/** The institution of this request; a route that needs one is only reached with one. */
export function tenantOf(ctx: Context): Tenant {
  const { tenant } = stateOf(ctx)
  if (tenant === undefined) throw new Refusal('institution.unknown')
  return tenant
}

// Longer ones are nobody's; what is behind it says nothing more about a caller.
const longestHeader = 400

/** What the unit of this request carries of it. */
export function scopeOf(state: RequestState, { headers }: IncomingMessage): Omit<UnitScope, 'institution'> {
  const header = (name: 'user-agent' | 'accept-language' | 'accept') => headers[name]?.slice(0, longestHeader)
  return {
    reference: state.reference,
    caller: {
      address: state.clientAddress,
      userAgent: header('user-agent'),
      language: header('accept-language'),
      accept: header('accept'),
    },
  }
}

const states = new WeakMap<IncomingMessage, RequestState>()

/** Remembers the state beside the bare request, for the provider, whose app has contexts of its own. */
export function attach(request: IncomingMessage, state: RequestState): void {
  states.set(request, state)
}

/** The state of the request that this one is the same as. */
export function stateOfRequest(request: IncomingMessage): RequestState {
  const state = states.get(request)
  if (state === undefined) throw new Error('a request that did not come through the entry')
  return state
}
