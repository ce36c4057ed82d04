// Documents by libxml2: parsing without any outside access, schema validation, exclusive canonicalisation.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  ParseOption,
  XmlC14NMode,
  XmlDocument,
  type XmlElement,
  XsdValidator,
  xmlCleanupInputProvider,
  xmlRegisterInputProvider,
} from 'libxml2-wasm'
import { XmlRefused } from './gate.ts'
import { NS } from './names.ts'

// Never HUGE, NOENT or RECOVER (duty D3).
const options = {
  option:
    ParseOption.XML_PARSE_NONET |
    ParseOption.XML_PARSE_NO_XXE |
    ParseOption.XML_PARSE_NO_SYS_CATALOG |
    ParseOption.XML_PARSE_NODICT,
}

/** Parses gated text, hands the root to `work`, and frees the document whatever happens. Throws XmlRefused. */
export function withDocument<T>(text: string, work: (root: XmlElement, document: XmlDocument) => T): T {
  let document: XmlDocument
  try {
    document = XmlDocument.fromString(text, options)
  } catch (error) {
    throw new XmlRefused(`not parsed: ${String(error).slice(0, 200)}`)
  }
  try {
    return work(document.root, document)
  } finally {
    document.dispose()
  }
}

const schemaFolder = join(import.meta.dirname, 'schemas')

/** Serves the schemas that ours import, by the last part of their address, from memory and for this moment only. */
function withSchemas<T>(work: () => T): T {
  const open = new Map<number, { bytes: Buffer; at: number }>()
  let next = 1
  xmlRegisterInputProvider({
    match: (name) => name.endsWith('.xsd'),
    open: (name) => {
      const handle = next++
      open.set(handle, { bytes: readFileSync(join(schemaFolder, basename(name))), at: 0 })
      return handle
    },
    read: (handle, buffer) => {
      const file = open.get(handle)
      if (!file) return -1
      const count = file.bytes.copy(buffer, 0, file.at, file.at + buffer.byteLength)
      file.at += count
      return count
    },
    close: (handle) => open.delete(handle),
  })
  try {
    return work()
  } finally {
    // The provider is global: hostile input must never meet it (ruling R-26).
    xmlCleanupInputProvider()
  }
}

export type SchemaName = 'protocol' | 'metadata' | 'rsa-6' | 'rsa-7'

const imported = (namespace: string, file: string): string =>
  `<import namespace="${namespace}" schemaLocation="${file}"/>`

const only = (namespace: string, file: string): string =>
  `<schema xmlns="http://www.w3.org/2001/XMLSchema">${imported(namespace, file)}</schema>`

// SAML's schemas import the encryption of 2002 alone; algorithms of 1.1 bring an element of its own (ruling R-26).
const schemaOf = (namespace: string, file: string): string =>
  `<schema xmlns="http://www.w3.org/2001/XMLSchema">${imported(namespace, file)}${imported(NS.xenc11, 'xenc11-schema.xsd')}</schema>`

const schemas: Readonly<Record<SchemaName, string>> = {
  protocol: schemaOf(NS.samlp, 'saml-schema-protocol-2.0.xsd'),
  metadata: schemaOf(NS.md, 'saml-schema-metadata-2.0.xsd'),
  'rsa-6': only(NS.rsa, 'rsa-aa-6.xsd'),
  'rsa-7': only(NS.rsa, 'rsa-aa-7.xsd'),
}

const validators = new Map<SchemaName, XsdValidator>()

function validator(name: SchemaName): XsdValidator {
  const known = validators.get(name)
  if (known) return known
  const made = withSchemas(() => {
    // Never disposed, like the validator: libxml2's compiled schema points into the nodes of its document, which
    // xmlSchemaNewDocParserCtxt leaves to the caller to keep.
    return XsdValidator.fromDoc(XmlDocument.fromString(schemas[name], { ...options, url: `${name}.xsd` }))
  })
  validators.set(name, made)
  return made
}

/** Compiles the schemas ahead of the first message. */
export function warmSchemas(): void {
  validator('protocol')
}

/** Throws XmlRefused with the validator's first words when the document does not keep the schema. */
export function validate(document: XmlDocument, schema: SchemaName): void {
  try {
    validator(schema).validate(document)
  } catch (error) {
    throw new XmlRefused(`schema: ${String(error).slice(0, 300)}`)
  }
}

/** Exclusive XML Canonicalization 1.0 without comments, of this element alone. Failure and emptiness are fatal (duty D7). */
export function canonical(element: XmlElement, inclusive: readonly string[] = []): string {
  let text: string
  try {
    text = element.canonicalizeToString({
      mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
      inclusiveNamespacePrefixes: [...inclusive],
      withComments: false,
    })
  } catch (error) {
    throw new XmlRefused(`not canonicalised: ${String(error).slice(0, 200)}`)
  }
  if (!text.startsWith('<')) throw new XmlRefused('canonical form is empty')
  return text
}
