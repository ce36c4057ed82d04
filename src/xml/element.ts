// Reading elements of a libxml2 document strictly: by namespace and name, exactly as many as are due.
import { XmlElement, XmlText } from 'libxml2-wasm'

/** Says what stood where something else was due; callers give it a code. */
export class XmlShape extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'XmlShape'
  }
}

/** All child elements. */
export function children(parent: XmlElement): XmlElement[] {
  const found: XmlElement[] = []
  for (let node = parent.firstChild; node !== null; node = node.next)
    if (node instanceof XmlElement) found.push(node)
  return found
}

export const isNamed = (element: XmlElement, namespace: string, name: string): boolean =>
  element.namespaceUri === namespace && element.name === name

/** The child elements of this name. */
export const named = (parent: XmlElement, namespace: string, name: string): XmlElement[] =>
  children(parent).filter((child) => isNamed(child, namespace, name))

/** The only child element of this name, or none. */
export function optional(parent: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const found = named(parent, namespace, name)
  if (found.length > 1) throw new XmlShape(`more than one ${name} in ${parent.name}`)
  return found[0]
}

/** The only child element of this name. */
export function one(parent: XmlElement, namespace: string, name: string): XmlElement {
  const found = optional(parent, namespace, name)
  if (!found) throw new XmlShape(`no ${name} in ${parent.name}`)
  return found
}

/** The text of an element that holds nothing else. */
export function textOf(element: XmlElement): string {
  let text = ''
  for (let node = element.firstChild; node !== null; node = node.next) {
    if (!(node instanceof XmlText)) throw new XmlShape(`${element.name} holds more than text`)
    text += node.content
  }
  return text
}

/** An attribute without namespace. */
export const attribute = (element: XmlElement, name: string): string | undefined =>
  element.attrs.find((attr) => attr.name === name && attr.prefix === '')?.value

/** An attribute without namespace that must be there. */
export function required(element: XmlElement, name: string): string {
  const value = attribute(element, name)
  if (value === undefined || value === '') throw new XmlShape(`${element.name} has no ${name}`)
  return value
}

/** Every element below and including this one. */
export function* descendants(element: XmlElement): Generator<XmlElement> {
  yield element
  for (const child of children(element)) yield* descendants(child)
}
