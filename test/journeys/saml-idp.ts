// A SAML IdP that asks nobody: whoever comes to its address goes back with an answer, signed by whichever key it uses now.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inflateRawSync } from 'node:zlib'
import type { TestKey } from '../xml/hostile/idp.ts'
import { answerTo } from './parts.ts'

export interface SamlIdp {
  /** Of its single sign-on service. */
  readonly sso: string
  /** What it signs with from now on. */
  use(key: TestKey): void
  stop(): Promise<unknown>
}

export async function startSamlIdp(first: TestKey): Promise<SamlIdp> {
  let key = first
  const server = createServer((req, res) => {
    const { searchParams } = new URL(req.url ?? '', 'http://localhost')
    const request = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
    const [, acs = ''] = /AssertionConsumerServiceURL="([^"]*)"/.exec(request) ?? []
    const [, requestId = ''] = /\bID="([^"]*)"/.exec(request) ?? []
    const [, issuer = '', connection = ''] = /^(.*)\/saml\/([^/]+)\/acs$/.exec(acs) ?? []
    const value = answerTo({ issuer, connection, requestId }, { key, sides: 'both' })
    const relayState = searchParams.get('RelayState') ?? ''
    res
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        `<form method="post" action="${acs}"><input type="hidden" name="SAMLResponse" value="${value}">` +
          `<input type="hidden" name="RelayState" value="${relayState}"></form>`,
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    sso: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sso`,
    use: (next) => {
      key = next
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
