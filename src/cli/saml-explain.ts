// `drawbridge saml explain`: why a captured SAML answer is taken or refused, check by check.
import { readFileSync } from 'node:fs'
import { SamlExplainFault, type SamlExplainRequest } from '../ports/saml-explain.ts'
import { type Command, exit, type Invocation, UsageFault } from './command.ts'

export const samlExplain: Command = {
  name: 'saml explain',
  summary: 'Say why a captured SAML answer is refused.',
  description: [
    'Puts one answer before the validator that sign-ins pass, with the settings of a new connection, and prints the',
    'judgement as one JSON object. Needs no database and changes nothing. Ends with status 0 when the answer would be',
    'taken and 1 when not. Whether it was used before is not looked at.',
  ].join('\n'),
  options: {
    response: { value: 'FILE', meaning: 'The answer: XML, or the base64 of the form.' },
    metadata: { value: 'FILE', meaning: 'The metadata of the IdP.' },
    idp: { value: 'ENTITY_ID', meaning: 'Which IdP, where the metadata has several.' },
    sp: { value: 'ENTITY_ID', meaning: 'Our entity id: what the audience must be.' },
    acs: { value: 'URL', meaning: 'Our ACS: Destination and Recipient.' },
    at: { value: 'TIME', meaning: 'When it came, as 2026-11-24T12:00:00Z.' },
    'in-response-to': { value: 'ID', meaning: 'The ID of our request.' },
    'allow-unsolicited': { meaning: 'There was no request, and the answer may say so.' },
    key: { value: 'FILE', meaning: 'Our private key (PEM), for an encrypted assertion.' },
    policy: {
      value: 'strict|compat',
      meaning: 'compat forgives all that a connection may.',
      default: 'strict',
    },
  },
  async run(invocation) {
    const request = requestOf(invocation)
    const { explainSaml } = await import('../compose/saml-explain.ts')
    try {
      const explanation = await explainSaml(request)
      invocation.terminal.out(`${JSON.stringify(explanation, null, 2)}\n`)
      return explanation.ok ? exit.ok : exit.failed
    } catch (error) {
      throw error instanceof SamlExplainFault ? new UsageFault(error.message) : error
    }
  },
}

// No message can carry it: an xs:ID has neither blanks nor brackets.
const unknownRequest = '(the ID of a request)'

function requestOf(invocation: Invocation): SamlExplainRequest {
  const given = (name: string): string => {
    const text = invocation.text(name)
    if (text === undefined) throw new UsageFault(`saml explain needs --${name}`)
    return text
  }
  const policy = given('policy')
  if (policy !== 'strict' && policy !== 'compat') throw new UsageFault('--policy is strict or compat')
  const key = invocation.text('key')
  return {
    response: read('response', given('response')),
    metadata: read('metadata', given('metadata')),
    idp: invocation.text('idp'),
    sp: given('sp'),
    acs: given('acs'),
    at: instantOf(given('at')),
    requestId: requestIdOf(invocation),
    key: key === undefined ? undefined : read('key', key).toString('utf8'),
    policy,
  }
}

/** Without either option no answer is taken, as in a sign-in: each must be to a request of ours. */
function requestIdOf(invocation: Invocation): string | undefined {
  const id = invocation.text('in-response-to')
  if (!invocation.flag('allow-unsolicited')) return id ?? unknownRequest
  if (id !== undefined) throw new UsageFault('--in-response-to and --allow-unsolicited exclude each other')
  return undefined
}

function read(option: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new UsageFault(`--${option}: the file ${file} cannot be read`)
  }
}

function instantOf(text: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(at)) throw new UsageFault('--at is a time with its zone, as 2026-11-24T12:00:00Z')
  return at
}
