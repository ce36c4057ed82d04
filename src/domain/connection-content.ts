// What must hold of a connection's content whatever its connector is: its name, its mail domains, what becomes of attributes.
import { isMailDomain } from './choice.ts'
import { isMappable } from './claims.ts'
import type { ConnectionContent } from './institution.ts'
import { labelFault } from './label.ts'

/** Where in the content, as forms and files name it, and what is wrong there. */
export interface ContentFault {
  readonly path: string
  readonly message: string
}

type Labels = Pick<ConnectionContent, 'name' | 'domains'>

export function labelFaults({ name, domains = [] }: Labels): ContentFault[] {
  const message = labelFault(name)?.message
  const bad = domains.filter((domain) => !isMailDomain(domain))
  return [
    ...(message === undefined ? [] : [{ path: 'name', message }]),
    ...bad.map((domain) => ({ path: 'domains', message: `${domain.slice(0, 80)} is no mail domain` })),
  ]
}

/** Of one claim and the attribute that it comes from; undefined when it may be so. */
export function claimFault(claim: string, attribute: string): ContentFault | undefined {
  if (!isMappable(claim)) return { path: 'claims', message: `${claim} is no claim that an IdP may set` }
  if (attribute === '') return { path: 'claims', message: `${claim} needs the name of an attribute` }
  return undefined
}

/** A domain is at home at one connection, or nobody could tell where to send its people. */
export const domainsTaken = ({ domains: own = [] }: Labels, others: readonly Labels[]): ContentFault[] =>
  others.flatMap(({ name, domains = [] }) =>
    domains
      .filter((domain) => own.includes(domain))
      .map((domain) => ({ path: 'domains', message: `${domain} stands at ${name} already` })),
  )

/** Everything that does not hold, beside the other connections of the institution; empty when all does. */
export const contentFaults = (content: ConnectionContent, others: readonly Labels[]): ContentFault[] => [
  ...labelFaults(content),
  ...domainsTaken(content, others),
  ...Object.entries(content.claims).flatMap(([claim, attribute]) => claimFault(claim, attribute) ?? []),
]
