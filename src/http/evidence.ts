// Evidence of approvals for the bank's back end, and the public keys by which anybody verifies it.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { fileText } from '../domain/evidence-bundle.ts'
import { Refusal } from '../domain/refusal.ts'
import type { EvidenceExport } from '../flows/evidence-export.ts'
import type { KeyPurpose, KeyStore } from '../ports/key-store.ts'
import { tenantOf } from './context.ts'
import { backEnd, type TransactionRoutePorts } from './transactions.ts'

export interface EvidenceRoutePorts
  extends Pick<TransactionRoutePorts, 'authorizeClient' | 'directory' | 'rateLimits'> {
  readonly evidenceExport: EvidenceExport
  readonly keys: Pick<KeyStore, 'publicJwks'>
}

export function evidenceRoutes(router: Router, ports: EvidenceRoutePorts): void {
  const give = async (ctx: Context, of: 'transaction' | 'approval') => {
    const { id: api } = await backEnd(ctx, ports)
    const { institution, issuer } = tenantOf(ctx)
    const id = evidenceId(ctx.params.id as string)
    const wanted = of === 'transaction' ? { transaction: id } : { approval: id }
    giveFile(
      ctx,
      fileText(await ports.evidenceExport.export(institution, issuer, { ...wanted, by: { api } })),
    )
  }
  router.get('/transactions/:id/evidence', (ctx) => give(ctx, 'transaction'))
  router.get('/approvals/:id/evidence', (ctx) => give(ctx, 'approval'))
  router.get('/evidence/keys', (ctx) => keySet(ctx, ports, 'evidence'))
  router.get('/audit/keys', (ctx) => keySet(ctx, ports, 'checkpoint'))
}

/** Refuses with `evidence.unknown` what is no name of ours; PostgreSQL has no word for all that an address can say. */
export function evidenceId(text: string): string {
  if (!/^[\w-]{1,100}$/.test(text)) throw new Refusal('evidence.unknown')
  return text
}

/** A file of personal data: nobody on the way keeps it. */
export function giveFile(ctx: Context, text: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.type = 'json'
  ctx.body = text
  ctx.status = 200
}

async function keySet(
  ctx: Context,
  { keys }: Pick<EvidenceRoutePorts, 'keys'>,
  purpose: KeyPurpose,
): Promise<void> {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Cache-Control', 'public, max-age=300')
  ctx.body = { keys: await keys.publicJwks(tenantOf(ctx).institution.id, purpose) }
}
