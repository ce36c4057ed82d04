// The SOAP side of the bridge as one port: requests and answers read, decided calls signed.
import type { KeyStore } from '../ports/key-store.ts'
import type { SoapMessages } from '../ports/message-signer.ts'
import { signAssertion } from './saml/assertion.ts'
import { readAnswer, readRequest } from './soap.ts'
import { secureMessage } from './wss/message.ts'

/** How long a core may take to receive a message, in seconds. */
const messageSeconds = 300

export function createSoapMessages(keys: KeyStore): SoapMessages {
  return {
    read: readRequest,
    readAnswer,
    async sign(call) {
      const { institution, assertion, addressing } = call
      // Ruling R-28: without a signed address only the key tells whom a message is for.
      const scope = addressing === undefined ? call.core : undefined
      const [assertionKey, messageKey] = await Promise.all([
        keys.signer(institution, 'assertion'),
        keys.signer(institution, 'message', scope),
      ])
      return secureMessage(
        {
          soap: call.soap,
          bodyXml: call.bodyXml,
          assertion: await signAssertion(assertion, assertionKey),
          assertionId: assertion.id,
          now: call.now,
          ttlSeconds: messageSeconds,
          addressing,
        },
        messageKey,
      )
    },
  }
}
