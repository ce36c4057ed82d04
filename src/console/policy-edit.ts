// Changing the policy: as text, then what would change and what it loosens, and only the button there puts it in force.
import { Refusal } from '../domain/refusal.ts'
import type { PolicyFlows } from '../flows/policies.ts'
import type { PolicyChange, PolicyProposal } from '../flows/policy-change.ts'
import type { TryPolicy } from '../flows/policy-trial.ts'
import { whyIn } from './connection-ports.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { editorView, type Preview, previewView } from './policy-edit-views.ts'

export interface PolicyEditPorts {
  readonly policyFlows: PolicyFlows
  readonly policyChange: PolicyChange
  readonly tryPolicy: TryPolicy
}

export function policyEditPages(desk: Desk, ports: PolicyEditPorts): void {
  desk.page('/policy/edit', 'policy', (visit) => editPage(visit, ports))
  desk.form('/policy/edit', 'policy', (visit, form) => preview(visit, ports, form))
  desk.form('/policy/confirm', 'policy', (visit, form) => confirm(visit, ports, form))
}

/** With the policy in force, or one of those that were, where somebody goes back to it. */
async function editPage(visit: Visit, { policyFlows, policyChange }: PolicyEditPorts): Promise<ConsoleView> {
  const { policy, version, ruler } = await policyFlows.present(visit.institution)
  if (ruler.kind === 'file') throw new Refusal('policy.managed', { institution: visit.institution.id })
  const { from } = visit.ctx.query
  const earlier = typeof from === 'string' && from !== version ? from : undefined
  const shown = earlier === undefined ? policy : await policyFlows.get(visit.institution, earlier)
  return editorView(visit, { text: policyChange.textOf(shown), base: version, from: earlier, faults: [] })
}

interface Typed {
  readonly text: string
  /** The version in force when the person began. */
  readonly base: string
}

function typedIn(form: Form): Typed {
  const [text, base] = [form.get('document'), form.get('base')]
  if (text === undefined || base === undefined || !/^[\w-]{16}$/.test(base))
    throw new Refusal('request.malformed', { document: text !== undefined, base: base !== undefined })
  return { text, base }
}

type Proposed = PolicyProposal | ConsoleView

/** What the text would put in force, or the text again with what is wrong in it. */
async function proposed(visit: Visit, { policyChange }: PolicyEditPorts, typed: Typed): Promise<Proposed> {
  const proposal = await policyChange.propose(visit.institution.id, typed.text)
  return 'faults' in proposal ? editorView(visit, { ...typed, faults: proposal.faults }) : proposal
}

async function preview(visit: Visit, ports: PolicyEditPorts, form: Form): Promise<Next> {
  const typed = typedIn(form)
  const proposal = await proposed(visit, ports, typed)
  if ('main' in proposal) return proposal
  const news = proposal.base === typed.base ? undefined : 'stale'
  return previewed(visit, ports, { proposal, text: typed.text, why: '', news })
}

async function previewed(
  visit: Visit,
  { tryPolicy }: PolicyEditPorts,
  preview: Omit<Preview, 'trial'>,
): Promise<ConsoleView> {
  const { before, after, base, version } = preview.proposal
  const tries = visit.may('transactions') && base !== version
  const trial = tries ? await tryPolicy(visit.institution.id, before, after) : undefined
  return previewView(visit, { ...preview, trial })
}

async function confirm(visit: Visit, ports: PolicyEditPorts, form: Form): Promise<Next> {
  const typed = typedIn(form)
  if (form.get('do') === 'edit') return editorView(visit, { ...typed, faults: [] })
  const proposal = await proposed(visit, ports, typed)
  if ('main' in proposal) return proposal
  const why = whyIn(form)
  try {
    const step = { institution: visit.institution.id, ...typed }
    await ports.policyChange.change(step, { visitor: visit.visitor, why })
    return '/policy?done=changed'
  } catch (error) {
    const news = error instanceof Refusal ? toldHere[error.code] : undefined
    if (news === undefined) throw error
    const now = await proposed(visit, ports, typed)
    return 'main' in now ? now : previewed(visit, ports, { proposal: now, text: typed.text, why, news })
  }
}

/** Refusals after which the person stays on the page, and nothing that they wrote is lost. */
const toldHere: Readonly<Record<string, 'stale' | 'recent' | 'reason'>> = {
  'policy.stale': 'stale',
  'console.recent': 'recent',
  'policy.reason': 'reason',
}
