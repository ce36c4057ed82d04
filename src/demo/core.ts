// The demo bank's SOAP core: it believes nothing but what it has verified itself.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { type Acr, satisfies, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { Refusal } from '../domain/refusal.ts'
import { isOver, money, transactionOf } from '../domain/transaction.ts'
import { builtInTypes } from '../domain/transaction-types/known.ts'
import { text } from '../xml/emit.ts'
import { faultXml, plainEnvelope, type SoapVersion } from '../xml/soap.ts'
import { elements, type Tree, textOf } from '../xml/tree.ts'
import { WssRefused } from '../xml/wss/proof.ts'
import { type VerifiedMessage, verifyMessage } from '../xml/wss/verify.ts'
import { readBody } from './forms.ts'
import { coreAudience, paymentsNamespace } from './institution.ts'

export interface CoreVerdict {
  readonly at: number
  readonly xml: string
  readonly ok: boolean
  readonly reason: string
  readonly verified: VerifiedMessage | undefined
}

export interface CoreOptions {
  readonly world: string
  /** Certificates (base64 DER) of the bridge's assertion and message keys, as an administrator pins them. */
  readonly trusted: readonly string[]
  readonly judged: (verdict: CoreVerdict) => void
}

const pinOver = { EUR: '500.00' }

export function coreRoutes(router: Router, options: CoreOptions): void {
  const seen = new Set<string>()
  // A second core, with its own audience and address: what is signed for one is nothing to the other (attack 238).
  const cores = { payments: coreAudience, cards: 'urn:alder:core:cards' } as const
  router.post('/core/:name', async (ctx) => {
    const name = ctx.params.name === 'cards' ? 'cards' : 'payments'

    const xml = (await readBody(ctx)).toString('utf8')
    const version: SoapVersion = ctx.is('application/soap+xml') ? '1.2' : '1.1'
    try {
      const verified = verifyMessage(xml, {
        trusted: options.trusted,
        audience: cores[name],
        now: Date.now(),
        skewSeconds: 60,
        to: `${options.world}/core/${name}`,
      })
      once(seen, verified)
      const answer = answerTo(verified)
      options.judged({ at: Date.now(), xml, ok: true, reason: 'accepted', verified })
      reply(ctx, version, { status: 200, body: plainEnvelope(version, answer) })
    } catch (error) {
      const reason = error instanceof WssRefused || error instanceof Refusal ? error.message : 'internal'
      options.judged({ at: Date.now(), xml, ok: false, reason, verified: undefined })
      const fault = {
        version,
        side: 'caller',
        reason: `The core refused this message: ${reason}`,
        code: 'core.refused',
        reference: '',
      } as const
      reply(ctx, version, { status: 500, body: faultXml(fault) })
    }
  })
}

/** Message and assertion ids are good for one message each. */
function once(seen: Set<string>, { messageId, assertion }: VerifiedMessage): void {
  for (const id of [messageId, assertion.id]) {
    if (id === undefined) continue
    if (seen.has(id)) throw new WssRefused('replay', id)
    seen.add(id)
  }
}

function field(operation: Tree, name: string): string {
  const [element] = elements(operation, paymentsNamespace, name)
  const value = element && textOf(element)
  if (value === undefined) throw new WssRefused('request', `no ${name}`)
  return value
}

/** The core's own rule: whatever a bridge asserts, money over the limit needs a PIN and the approval of this very payment. */
function checkTransfer(operation: Tree, { assertion }: VerifiedMessage): void {
  const amount = money(field(operation, 'amount'), field(operation, 'currency'))
  const over = isOver(amount, pinOver)
  needLevel(assertion.acr, over ? withDeviceAndPin : withDevice)
  if (over && assertion.transaction === undefined) throw new WssRefused('level', 'no approved transaction')
  if (over && assertion.transaction !== paymentIn(operation))
    throw new WssRefused('transaction', 'another payment was approved')
}

function needLevel(acr: string, needed: Acr): void {
  if (!satisfies(acr, needed)) throw new WssRefused('level', acr)
}

/** The hash of the payment that stands in the Body (ruling R-21). */
function paymentIn(operation: Tree): string {
  return transactionOf(
    {
      type: 'payment_initiation',
      instructedAmount: { amount: field(operation, 'amount'), currency: field(operation, 'currency') },
      debtorAccount: { iban: field(operation, 'debtorAccount') },
      creditorName: field(operation, 'creditorName'),
      creditorAccount: { iban: field(operation, 'creditorAccount') },
    },
    builtInTypes,
  ).hash
}

function answerTo(verified: VerifiedMessage): string {
  const { body, operation } = verified
  const wrap = (name: string, inner: string) =>
    `<p:${name} xmlns:p="${paymentsNamespace}">${inner}</p:${name}>`
  if (operation.namespace === paymentsNamespace && operation.localName === 'GetBalance') {
    needLevel(verified.assertion.acr, withDevice)
    return wrap('GetBalanceResponse', '<p:balance>4210.55</p:balance><p:currency>EUR</p:currency>')
  }
  if (operation.namespace !== paymentsNamespace || operation.localName !== 'Transfer') {
    throw new WssRefused('request', `no operation ${operation.localName}`)
  }
  checkTransfer(body, verified)
  const facts = `<p:amount>${text(field(body, 'amount'))}</p:amount><p:creditorName>${text(field(body, 'creditorName'))}</p:creditorName>`
  return wrap('TransferResponse', `<p:status>accepted</p:status>${facts}`)
}

function reply(ctx: Context, version: SoapVersion, { status, body }: { status: number; body: string }): void {
  ctx.status = status
  ctx.type = version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8'
  ctx.body = body
}
