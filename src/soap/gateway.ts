// The signing gateway: a SOAP request of an app becomes a message that the core can verify.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { isAcr, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { Refusal } from '../domain/refusal.ts'
import type { CoreAnswer, CoreCall } from '../flows/core-call.ts'
import type { Authorize } from '../http/authorize.ts'
import { readBytes } from '../http/body.ts'
import { setChallenge } from '../http/challenge.ts'
import { stateOf, tenantOf } from '../http/context.ts'
import { withinRate } from '../http/interaction.ts'
import { wordsOf } from '../http/words/catalogue.ts'
import { httpStatusOf } from '../http/words/codes.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Directory, RateLimits } from '../ports/stores.ts'
import { faultXml, type SoapVersion } from '../xml/soap.ts'

export interface GatewayPorts {
  readonly directory: Directory
  readonly authorize: Authorize
  readonly callCore: (call: CoreCall) => Promise<CoreAnswer>
  readonly rateLimits: RateLimits
  readonly keys: KeyStore
  readonly soapBytes: number
}

const mediaTypes: Readonly<Record<SoapVersion, string>> = { '1.1': 'text/xml', '1.2': 'application/soap+xml' }

export function gatewayRoutes(router: Router, ports: GatewayPorts): void {
  router.get('/soap/:core/certificates', (ctx) => certificates(ctx, ports))
  router.post('/soap/:core', async (ctx) => {
    const version: SoapVersion = ctx.is('application/soap+xml') ? '1.2' : '1.1'
    stateOf(ctx).tell = (told, refusal) => tellFault(told, refusal, version)
    const { institution, issuer } = tenantOf(ctx)
    const known = await ports.directory.core(institution.id, ctx.params.core as string)
    // A core's own message key must be open before the unit writes: see KeyStore.ready.
    if (known && !known.addressing) await ports.keys.signer(institution.id, 'message', known.id)
    const { token, hold, request } = await ports.authorize(ctx, async ({ grant }) => {
      await withinRate(ports.rateLimits, 'gateway', `${institution.id}|${grant}`)
      if (!known) throw new Refusal('core.unknown')
      return { core: known, xml: await readBytes(ctx, Object.values(mediaTypes), ports.soapBytes) }
    })
    const { reference } = stateOf(ctx)
    const answer = await ports.callCore({
      institution,
      issuer,
      ...request,
      token,
      hold,
      action: actionOf(ctx, version),
      reference,
    })
    answerWith(ctx, version, answer)
  })
}

/** The certificates that a core pins: of the assertion key and of the message key that is used for this core. */
async function certificates(ctx: Context, { directory, keys }: GatewayPorts): Promise<void> {
  const { institution } = tenantOf(ctx)
  const core = await directory.core(institution.id, ctx.params.core as string)
  if (!core) throw new Refusal('core.unknown')
  const scope = core.addressing ? undefined : core.id
  const signers = await Promise.all([
    keys.signer(institution.id, 'assertion'),
    keys.signer(institution.id, 'message', scope),
  ])
  ctx.type = 'application/x-pem-file'
  ctx.body = signers.map(({ certificate }) => pem(certificate)).join('')
}

const pem = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`

/** SOAP 1.1 6.1.1: the SOAPAction header; SOAP 1.2 part 2, 6.5.3: the action parameter. Quotes are not part of it. */
function actionOf(ctx: Context, version: SoapVersion): string | undefined {
  if (version === '1.1')
    return ctx.headers.soapaction === undefined ? undefined : ctx.get('soapaction').replace(/^"(.*)"$/, '$1')
  const match = /;\s*action=(?:"([^"]*)"|([^;\s]+))/i.exec(ctx.get('content-type'))
  return match ? (match[1] ?? match[2]) : undefined
}

function answerWith(ctx: Context, version: SoapVersion, { status, xml }: CoreAnswer): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = status
  ctx.type = `${mediaTypes[version]}; charset=utf-8`
  ctx.body = xml
}

/** A refusal as a fault, and as a challenge where a stronger login would help (RFC 9470 3). */
function tellFault(ctx: Context, refusal: Refusal, version: SoapVersion): void {
  const { code, detail } = refusal
  const needed = isAcr(detail.needed)
    ? detail.needed
    : code === 'transaction.missing'
      ? withDeviceAndPin
      : withDevice
  setChallenge(ctx, refusal, needed)
  const status = code === 'transaction.missing' ? 401 : httpStatusOf(code)
  const side = status >= 500 ? 'bridge' : 'caller'
  const { reference } = stateOf(ctx)
  answerWith(ctx, version, {
    status,
    xml: faultXml({ version, side, reason: wordsOf('en', code).happened, code, reference }),
  })
}
