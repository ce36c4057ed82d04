// Reading a file of evidence that anybody may have written: its size, its JSON to the letter, and its shape.
import { z } from 'zod'
import { strengths } from '../../domain/evidence.ts'
import { bundleText, type EvidenceFile, evidenceFormat } from '../../domain/evidence-bundle.ts'

// A policy of thousands of rules has room in it.
const longestEvidence = 4 * 1024 * 1024
// Details, policies and facts are nested far less.
const deepest = 64

const text = z.string()
const jwk = z.record(z.string(), z.unknown())
const time = z.int()

const material = z.strictObject({
  version: z.literal(1),
  ...{ institution: text, id: text, reference: text, subject: text },
  strength: z.enum(strengths),
  methods: z.array(text),
  request: z.strictObject({
    ...{ relyingParty: text, name: text, origin: text, bindingMessage: text.nullable() },
    ...{ place: z.record(z.string(), z.unknown()), numberMatched: z.boolean(), nonce: text.nullable() },
    role: text.optional(),
  }),
  transaction: z.strictObject({
    ...{ id: text.nullable(), type: text.nullable(), hash: text },
    detail: z.record(z.string(), z.unknown()).nullable(),
  }),
  display: z.strictObject({ text, language: text, template: text.nullable() }),
  policy: z
    .strictObject({
      ...{ version: text, outcome: text, acr: text.nullable(), reason: text, inputs: z.unknown() },
      ...{ by: z.array(text).optional(), signatories: z.record(text, z.int().min(1)).optional() },
    })
    .nullable(),
  risk: z.array(z.unknown()),
  device: z
    .strictObject({
      ...{ id: text, enrolledAt: time, approvalKey: jwk.nullable() },
      ...{ approvalKeyRegisteredAt: time.nullable(), attestation: z.null() },
    })
    .nullable(),
  signature: text.nullable(),
  answer: z.strictObject({
    outcome: z.enum(['approved', 'held']),
    ...{ place: z.record(z.string(), z.unknown()), kilometres: z.number().nullable() },
  }),
  times: z.strictObject({ asked: time, expires: time, answered: time }),
})

const audit = z.strictObject({
  ...{ event: text, index: z.int().min(0), proof: z.array(text).max(64), checkpoint: text, key: jwk },
})

const file = z.strictObject({
  bundle: z.strictObject({
    ...{ format: z.literal(evidenceFormat), version: z.literal(1), issuer: text, digest: text, material },
    policy: z.record(z.string(), z.unknown()).nullable(),
    audit,
    signatories: z
      .array(z.strictObject({ material, digest: text, audit }))
      .max(50)
      .optional(),
  }),
  signature: z.string().regex(/^[\w-]+\.\.[\w-]+$/),
})

export type ReadEvidence = { readonly file: EvidenceFile } | { readonly fault: string }

/** Total: whatever the bytes are, they are evidence or there is a reason why not. */
export function readEvidence(bytes: Uint8Array): ReadEvidence {
  if (bytes.length > longestEvidence) return { fault: `it is larger than ${longestEvidence} bytes` }
  const content = textIn(bytes)
  if (content === undefined) return { fault: 'it is no text in UTF-8' }
  const { squeezed, depth } = squeeze(content)
  if (depth > deepest) return { fault: `it is nested deeper than ${deepest}` }
  const value = jsonIn(content)
  if (value === undefined) return { fault: 'it is no JSON' }
  // Who reads by eye and who reads by program see the same: no member twice, no letter in another spelling.
  if (JSON.stringify(value) !== squeezed)
    return { fault: 'its JSON says something twice, or in another spelling' }
  const parsed = file.safeParse(value)
  if (!parsed.success) return { fault: `it is no evidence: ${faultAt(parsed.error)}` }
  const read = value as EvidenceFile
  if (!isWritable(read)) return { fault: 'it has text that is no Unicode' }
  return isExact(read.signature) ? { file: read } : { fault: 'its signature is not spelled as base64url' }
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function jsonIn(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return undefined
  }
}

/** Without the blanks between its tokens, and how deep it is nested. */
function squeeze(content: string): { squeezed: string; depth: number } {
  const kept: string[] = []
  let [open, depth, from, quoted] = [0, 0, 0, false]
  for (let at = 0; at < content.length; at += 1) {
    const letter = content[at] as string
    if (quoted && letter === '\\') at += 1
    else if (letter === '"') quoted = !quoted
    else if (quoted) continue
    else if (letter === '{' || letter === '[') depth = Math.max(depth, ++open)
    else if (letter === '}' || letter === ']') open -= 1
    else if (/\s/.test(letter)) {
      kept.push(content.slice(from, at))
      from = at + 1
    }
  }
  return { squeezed: kept.join('') + content.slice(from), depth }
}

const faultAt = ({ issues: [issue] }: z.ZodError): string => {
  const place = issue?.path.join('.')
  return place ? `${place} is not as it must be` : 'it has other members'
}

function isWritable({ bundle }: EvidenceFile): boolean {
  try {
    return bundleText(bundle) !== ''
  } catch {
    return false
  }
}

/** A last letter of base64url has bits that no decoder looks at. */
const isExact = (signature: string): boolean =>
  signature.split('..').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
