// The keys of a role in IdP metadata: which certificates count, and which do not (attack 195).
import { X509Certificate } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import type { IdpMetadata, IgnoredKey, MetadataCertificate } from '../../domain/idp-metadata.ts'
import { attribute, named, one, textOf } from '../element.ts'
import { NS } from '../names.ts'
import { kindOfIdpKey } from './idp-key.ts'

/** The facts of a certificate, PEM or DER. */
export function certificateFacts(certificate: X509Certificate): MetadataCertificate {
  return {
    pem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    subject: certificate.subject.replaceAll('\n', ', ').slice(0, 200),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  }
}

function read(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(text.replace(/\s+/g, ''), 'base64'))
  } catch {
    return undefined
  }
}

type Judged = MetadataCertificate | IgnoredKey['reason']

/** One key a descriptor: of a whole chain nobody could say which certificate is the IdP's and which its authority's. */
function judge(descriptor: XmlElement): Judged {
  const texts = named(one(descriptor, NS.ds, 'KeyInfo'), NS.ds, 'X509Data').flatMap((data) =>
    named(data, NS.ds, 'X509Certificate').map(textOf),
  )
  const [text, another] = texts
  if (text === undefined) return 'no certificate'
  if (another !== undefined) return 'several certificates'
  const certificate = read(text)
  if (certificate === undefined) return 'unreadable'
  return kindOfIdpKey(certificate.publicKey) === undefined ? 'weak' : certificateFacts(certificate)
}

function useOf(descriptor: XmlElement): IgnoredKey['use'] {
  const use = attribute(descriptor, 'use')
  return use === 'signing' || use === 'encryption' ? use : 'both'
}

/** The KeyDescriptors of a role; whoever has none, or none that counts, has no keys: nothing is trusted instead. */
export function keysOf(role: XmlElement): Pick<IdpMetadata, 'signing' | 'encryption' | 'ignored'> {
  const lists = {
    signing: new Map<string, MetadataCertificate>(),
    encryption: new Map<string, MetadataCertificate>(),
  }
  const ignored: IgnoredKey[] = []
  for (const descriptor of named(role, NS.md, 'KeyDescriptor')) {
    const use = useOf(descriptor)
    const judged = judge(descriptor)
    if (typeof judged === 'string') ignored.push({ use, reason: judged })
    else {
      if (use !== 'encryption') lists.signing.set(judged.fingerprint, judged)
      if (use !== 'signing') lists.encryption.set(judged.fingerprint, judged)
    }
  }
  return { signing: [...lists.signing.values()], encryption: [...lists.encryption.values()], ignored }
}
