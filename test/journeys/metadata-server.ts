// An IdP's metadata at an address of its own, as the test has it say: its keys, its addresses, who signed it.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NS } from '../../src/xml/names.ts'
import { signed, type TestKey } from '../xml/hostile/idp.ts'

export interface Published {
  entityId: string
  keys: readonly TestKey[]
  sso: string
  slo: string | undefined
  nameIdFormat: string
  /** More attributes of the EntityDescriptor. */
  attributes: string
  signer: TestKey | undefined
  /** Answers instead of the document. */
  instead: RequestListener | undefined
}

const binding = (name: string) => `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${name}`

const keyXml = ({ base64 }: TestKey) =>
  `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${NS.ds}"><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`

/** One IdP as XML. */
export function metadataXml(published: Published): string {
  const { entityId, keys, sso, slo, nameIdFormat, attributes, signer } = published
  const logout =
    slo === undefined ? '' : `<md:SingleLogoutService Binding="${binding('Redirect')}" Location="${slo}"/>`
  const xml =
    `<md:EntityDescriptor xmlns:md="${NS.md}" entityID="${entityId}" ID="_m1"${attributes}>` +
    `<md:IDPSSODescriptor protocolSupportEnumeration="${NS.samlp}">${keys.map(keyXml).join('')}${logout}` +
    `<md:NameIDFormat>${nameIdFormat}</md:NameIDFormat>` +
    `<md:SingleSignOnService Binding="${binding('Redirect')}" Location="${sso}"/>` +
    '</md:IDPSSODescriptor></md:EntityDescriptor>'
  return signer === undefined ? xml : signed(xml, '_m1', signer)
}

/** Serves `published`, which the test changes as it goes; counts who asked. */
export async function startMetadataServer(first: Partial<Published> & Pick<Published, 'keys'>) {
  const published: Published = {
    entityId: 'https://idp.example/metadata',
    sso: 'https://idp.example/sso',
    slo: undefined,
    nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    attributes: '',
    signer: undefined,
    instead: undefined,
    ...first,
  }
  const asked: string[] = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    if (published.instead !== undefined) return void published.instead(req, res)
    res.writeHead(200, { 'content-type': 'application/samlmetadata+xml' }).end(metadataXml(published))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    published,
    asked,
    url: `http://127.0.0.1:${port}/metadata`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

export type MetadataServer = Awaited<ReturnType<typeof startMetadataServer>>
