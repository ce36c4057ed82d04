// Answers of the demo's AA-compatible engine as an attacker between it and the bridge would make them (attack 168).
import { NS } from '../xml/names.ts'

/** Each says ALLOW, score 0 and SUCCESS, whatever the engine found, to whoever reads it less strictly than it should. */
export const hostileAnswers = [
  'dtd',
  'external-entity',
  'entity-bomb',
  'comment-in-text',
  'cdata',
  'processing-instruction',
  'doubled-return',
  'doubled-response',
  'doubled-result',
  'second-body',
  'wrapped-in-header',
  'multi-ref',
  'other-namespace',
  'part-in-other-namespace',
  'other-operation',
  'deep',
  'huge',
] as const
export type HostileAnswer = (typeof hostileAnswers)[number]

interface Parts {
  /** The whole answer as it is. */
  readonly xml: string
  /** The same with all verdicts turned to the attacker's liking. */
  readonly lie: string
  readonly operation: string
}

const turned = (xml: string): string =>
  xml
    .replace(/<ws:actionCode>[^<]*</g, '<ws:actionCode>ALLOW<')
    .replace(/<ws:riskScore>[^<]*</g, '<ws:riskScore>0<')
    .replace(/<ws:riskScoreBand>[^<]*</g, '<ws:riskScoreBand>0-100<')
    .replace(/<ws:statusCode>FAIL</g, '<ws:statusCode>SUCCESS<')
    .replace(/<ws:requiredCredentialList>.*?<\/ws:requiredCredentialList>/s, '')

/** The element of that name, with all that it holds. */
const elementIn = (xml: string, name: string): string =>
  new RegExp(`<${name}[ >].*</${name}>`, 's').exec(xml)?.[0] ?? ''

/** The part that decides. */
const decisiveIn = (xml: string): string =>
  ['riskResult', 'credentialAuthResultList'].find((name) => xml.includes(`<ws:${name}>`)) ?? 'statusHeader'

const afterFirst = (xml: string, before: string, more: string): string => xml.replace(before, before + more)

const asDoctype = (xml: string, subset: string): string => `<!DOCTYPE soapenv:Envelope ${subset}>${xml}`

/** &lol9; is a billion times the first. */
const bomb = Array.from({ length: 9 }, (_, n) => {
  const of = n === 0 ? 'lol' : `&lol${n};`
  return `<!ENTITY lol${n + 1} "${of.repeat(10)}">`
}).join('')

const ways: Readonly<Record<HostileAnswer, (parts: Parts) => string>> = {
  dtd: ({ lie }) => asDoctype(lie, '[<!ELEMENT x ANY>]'),
  'external-entity': ({ lie }) =>
    asDoctype(lie, '[<!ENTITY x SYSTEM "file:///etc/passwd">]').replace(/ok</, '&x;<'),
  'entity-bomb': ({ lie }) => asDoctype(lie, `[${bomb}]`).replace(/ok</, '&lol9;<'),
  'comment-in-text': ({ xml }) =>
    xml
      .replace(/<ws:actionCode>[^<]*</, '<ws:actionCode>ALLOW<!-- not --><')
      .replace(/SUCCESS/, 'SUC<!---->CESS'),
  cdata: ({ lie }) =>
    lie.replace(/>ALLOW</, '><![CDATA[ALLOW]]><').replace(/>SUCCESS</, '><![CDATA[SUCCESS]]><'),
  'processing-instruction': ({ lie }) => `<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>${lie}`,
  'doubled-return': ({ xml, lie, operation }) => {
    const start = `<ws:${operation}Response>`
    return afterFirst(xml, start, elementIn(lie, `ws:${operation}Return`))
  },
  'doubled-response': ({ xml, lie, operation }) =>
    afterFirst(xml, '<soapenv:Body>', elementIn(lie, `ws:${operation}Response`)),
  // The rest of the answer is untouched; only what is judged stands twice.
  'doubled-result': ({ xml, lie }) => {
    const judged = decisiveIn(xml)
    return xml.replace(`<ws:${judged}>`, `${elementIn(lie, `ws:${judged}`)}<ws:${judged}>`)
  },
  'second-body': ({ xml, lie }) =>
    xml.replace('<soapenv:Body>', `${elementIn(lie, 'soapenv:Body')}<soapenv:Body>`),
  // As signatures are wrapped: the forged one stands where only a careless reader looks.
  'wrapped-in-header': ({ xml, lie, operation }) => {
    const forged = elementIn(lie, `ws:${operation}Response`)
    return xml.replace('<soapenv:Body>', `<soapenv:Header>${forged}</soapenv:Header><soapenv:Body>`)
  },
  // As Axis 1 encodes objects: the return only refers to what stands elsewhere.
  'multi-ref': ({ lie, operation }) => {
    const held = elementIn(lie, `ws:${operation}Return`).replaceAll(`ws:${operation}Return`, 'multiRef')
    const refers = `<ws:${operation}Response><ws:${operation}Return href="#id0"/></ws:${operation}Response>`
    const found = elementIn(lie, `ws:${operation}Response`)
    return lie.replace(found, refers + held.replace('<multiRef', '<multiRef id="id0"'))
  },
  'other-namespace': ({ lie }) => lie.replace(`xmlns:ws="${NS.rsa}"`, `xmlns:ws="${NS.rsa}/"`),
  'part-in-other-namespace': ({ lie }) => {
    const judged = decisiveIn(lie)
    return lie
      .replace(`<ws:${judged}>`, `<x:${judged} xmlns:x="urn:another">`)
      .replace(`</ws:${judged}>`, `</x:${judged}>`)
  },
  'other-operation': ({ lie, operation }) =>
    lie.replaceAll(`ws:${operation}Re`, operation === 'query' ? 'ws:analyzeRe' : 'ws:queryRe'),
  deep: ({ lie }) => lie.replace(/ok</, `${'<ws:x>'.repeat(20_000)}${'</ws:x>'.repeat(20_000)}<`),
  huge: ({ lie }) => lie.replace(/ok</, `${'ok '.repeat(2 * 1024 * 1024)}<`),
}

/** The answer, made hostile. */
export const hostileAnswer = (kind: HostileAnswer, xml: string, operation: string): string =>
  ways[kind]({ xml, lie: turned(xml), operation })

/** The very same answer, with its parts in another order than the schema has. */
export const disordered = (xml: string): string => {
  const header = elementIn(xml, 'ws:statusHeader')
  return xml.replace(header, '').replace('Return>', () => `Return>${header}`)
}
