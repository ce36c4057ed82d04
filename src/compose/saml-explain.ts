// A captured SAML answer before the product's own validator: no database, no network, no worker, no effect.
import { createPrivateKey } from 'node:crypto'
import { Refusal } from '../domain/refusal.ts'
import { allowances, type ExpectedAnswer, longestAnswerSeconds } from '../domain/saml-answer.ts'
import { decrypterOf } from '../plugins/keys/decrypter.ts'
import type { Decrypter } from '../ports/key-store.ts'
import { SamlExplainFault, type SamlExplainRequest, type SamlExplanation } from '../ports/saml-explain.ts'
import { readIdpMetadata } from '../xml/saml/idp-metadata.ts'
import { type Judgement, judgeResponse, KeyNeeded } from '../xml/saml/response.ts'

const defaultSkewSeconds = 60

function idpIn({ metadata, idp: entityId, at: now }: SamlExplainRequest) {
  try {
    const { idp, entityIds } = readIdpMetadata(metadata, { entityId, signers: [], now })
    if (idp) return idp
    throw new SamlExplainFault(`the metadata has several IdPs; choose one by --idp: ${entityIds.join(', ')}`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new SamlExplainFault(`the metadata is refused: ${error.code} (${error.detail.actual ?? ''})`)
  }
}

function decrypterBy(pem: string | undefined): Decrypter | undefined {
  if (pem === undefined) return undefined
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa')
      return decrypterOf({ certificate: '', privateJwk: key.export({ format: 'jwk' }) as never })
  } catch {
    // Said below: why a key cannot be read may have parts of it in the words.
  }
  throw new SamlExplainFault('the key is no RSA private key in PEM')
}

/** The settings that a new connection has, and the facts of this one answer. */
function expectedOf(request: SamlExplainRequest): ExpectedAnswer {
  const idp = idpIn(request)
  return {
    idpEntityId: idp.entityId,
    idpCertificates: idp.signing.map(({ pem }) => pem),
    spEntityId: request.sp,
    acsUrl: request.acs,
    requestId: request.requestId,
    now: request.at,
    skewSeconds: defaultSkewSeconds,
    maxLifetimeSeconds: longestAnswerSeconds,
    signed: 'either',
    encrypted: 'optional',
    allow: request.policy === 'compat' ? allowances : [],
    authenticatedAfter: undefined,
    authnContexts: [],
  }
}

/** Twice where the answer is encrypted, as the checking threads do it. */
async function judged(form: string, expected: ExpectedAnswer, decrypter?: Decrypter): Promise<Judgement> {
  try {
    return judgeResponse(form, expected, (wrapped) => {
      if (decrypter) throw new KeyNeeded(wrapped)
      throw new Refusal('saml.encrypted', { check: 'decryption key', expected: 'one', actual: '(none)' })
    })
  } catch (error) {
    if (!(error instanceof KeyNeeded) || !decrypter) throw error
    const key = await decrypter.unwrap(error.wrapped)
    return judgeResponse(form, expected, () => key)
  }
}

/** What a browser would have posted: the very bytes, whatever is wrong with them; only blanks around them are the file's own. */
function formOf(response: Uint8Array): string {
  const bytes = Buffer.from(response)
  const text = bytes.toString('latin1').trim()
  return text.startsWith('<') ? Buffer.from(text, 'latin1').toString('base64') : text
}

/** Judges the answer as a connection of default settings would. Throws SamlExplainFault where there is nothing to judge by. */
export async function explainSaml(request: SamlExplainRequest): Promise<SamlExplanation> {
  const { checks, outcome } = await judged(
    formOf(request.response),
    expectedOf(request),
    decrypterBy(request.key),
  )
  if ('refusal' in outcome) {
    const { checks: _listed, ...detail } = outcome.refusal.detail
    return {
      ok: false,
      code: outcome.refusal.code,
      detail,
      checks,
      nameId: null,
      nameIdFormat: null,
      attributes: {},
    }
  }
  const { nameId, attributes } = outcome.subject
  return {
    ok: true,
    code: null,
    detail: {},
    checks,
    nameId: nameId.value,
    nameIdFormat: nameId.format,
    attributes: Object.fromEntries(attributes),
  }
}
