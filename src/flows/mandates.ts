// Who may sign for an account: told by the bank's back end, and by nobody else.
import { Refusal } from '../domain/refusal.ts'
import { isRole, type Mandate, mostSignatories, peopleOf } from '../domain/signatories.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Mandates } from '../ports/mandates.ts'
import type { SubjectNames } from '../ports/subjects.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { createAccountTokens } from './account-tokens.ts'

export interface MandatePorts {
  readonly mandates: Mandates
  readonly subjectNames: SubjectNames
  readonly keys: Pick<KeyStore, 'secret'>
  readonly audit: Audit
  readonly clock: Clock
}

/** Which account, and who says it. */
export interface MandateOf {
  readonly institution: string
  readonly account: string
  readonly relyingParty: string
}

/** One of them as the back end names them: our `sub`, or a pairwise one. */
export interface NamedSignatory {
  readonly sub: string
  readonly role: string
}

export type MandateFlows = ReturnType<typeof createMandateFlows>

/** Every function runs inside a unit of work; doing it again changes nothing. */
export function createMandateFlows(ports: MandatePorts) {
  const tokenOf = createAccountTokens(ports.keys)
  const get = ({ institution, account }: MandateOf) =>
    ports.mandates.get(institution, tokenOf(institution, account))
  return {
    /** Nobody where none was told. */
    async get(of: MandateOf): Promise<readonly NamedSignatory[]> {
      return ((await get(of))?.signatories ?? []).map(({ sub, role }) => ({ sub, role }))
    },
    /**
     * Takes the place of all that was said of this account before. Refuses with `subject.unknown`, and with `request.malformed`
     * where somebody is named twice, too many are named, or a role has another form.
     */
    async put(of: MandateOf, named: readonly NamedSignatory[]): Promise<void> {
      const signatories = await meant(ports, of.institution, named)
      const before = await get(of)
      if (JSON.stringify(before?.signatories) === JSON.stringify(signatories)) return
      const { institution, relyingParty } = of
      const account = tokenOf(institution, of.account)
      await ports.mandates.put({ institution, account, signatories, changedAt: ports.clock.now() })
      const roles = [...new Set(signatories.map(({ role }) => role))].sort()
      ports.audit.record({
        ...{ type: 'mandate.changed', outcome: 'ok', relyingParty },
        detail: { account, roles: roles.map((role) => `${role}: ${peopleOf(signatories, role).size}`) },
        personal: { signatories: signatories.map(({ subject, role }) => `${subject} ${role}`).join(', ') },
      })
    },
    async remove({ institution, account: whole, relyingParty }: MandateOf): Promise<void> {
      const account = tokenOf(institution, whole)
      if (await ports.mandates.remove(institution, account))
        ports.audit.record({ type: 'mandate.removed', outcome: 'ok', relyingParty, detail: { account } })
    },
  }
}

async function meant(
  { subjectNames }: MandatePorts,
  institution: string,
  named: readonly NamedSignatory[],
): Promise<Mandate['signatories']> {
  const malformed = () => new Refusal('request.malformed', { field: 'signatories' })
  if (named.length > mostSignatories || !named.every(({ role }) => isRole(role))) throw malformed()
  const all = await Promise.all(
    named.map(async ({ sub, role }) => {
      const subject = await subjectNames.meant(institution, sub)
      if (subject === undefined) throw new Refusal('subject.unknown')
      return { subject, role, sub }
    }),
  )
  // By whichever of their names: one person signs once, in one role.
  if (new Set(all.map(({ subject }) => subject)).size < all.length) throw malformed()
  return all
}
