// What a checking thread proves of itself before it serves: it takes a genuine answer and refuses a forged one.
import { generateKeyPairSync, sign } from 'node:crypto'
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer } from '../../domain/saml-answer.ts'
import type { Signer } from '../../ports/key-store.ts'
import { NAME_ID } from '../names.ts'
import { issueResponse, type ResponseContent } from './issue-response.ts'
import { checkResponse } from './response.ts'

const now = Date.UTC(2026, 0, 1)
const idp = 'urn:drawbridge:self-test:idp'
const sp = 'urn:drawbridge:self-test:sp'

const content: ResponseContent = {
  responseId: '_response',
  assertionId: '_assertion',
  issuer: idp,
  destination: sp,
  audience: sp,
  inResponseTo: '_request',
  nameId: 'genuine',
  nameIdFormat: NAME_ID.transient,
  now,
  lifetimeSeconds: 300,
  authenticatedAt: now,
  authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
  sessionIndex: '_session',
  attributes: { name: ['genuine'] },
}

const expectedBy = (publicKey: string): ExpectedAnswer => ({
  idpEntityId: idp,
  idpCertificates: [publicKey],
  spEntityId: sp,
  acsUrl: sp,
  requestId: '_request',
  now,
  skewSeconds: 0,
  maxLifetimeSeconds: 600,
  signed: 'both',
  encrypted: 'refused',
  allow: [],
  authenticatedAfter: undefined,
  authnContexts: [],
})

function refusalOf(answer: string, expected: ExpectedAnswer): string {
  try {
    return `accepted ${checkResponse(answer, expected).nameId.value}`
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error)
  }
}

// So often that the code is compiled before the first customer comes: it saves them some 80 ms.
const rounds = 10

/** Runs the whole pipeline with a key of its own; throws when it does not judge rightly. Takes some 150 ms. */
export async function selfTest(): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer: Signer = {
    kid: 'self-test',
    algorithm: 'ES256',
    certificate: '',
    sign: async (data) => sign('sha256', Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
  const expected = expectedBy(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const xml = await issueResponse(content, signer)
  const form = (text: string): string => Buffer.from(text).toString('base64')
  for (let round = 0; round < rounds; round++) {
    const genuine = refusalOf(form(xml), expected)
    const forged = refusalOf(form(xml.replace('>genuine<', '>forged<')), expected)
    if (genuine !== 'accepted genuine' || forged !== 'saml.signature_invalid') {
      throw new Error(`the SAML self-test failed: genuine ${genuine}, forged ${forged}`)
    }
  }
}
