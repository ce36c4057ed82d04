// What the demo has seen, kept in memory for the control room and told to whoever watches.
import type { CoreVerdict } from './core.ts'
import { type ShownEvent, shownEvent } from './event-words.ts'

export interface SentAnswer {
  readonly user: string
  /** Id of the assertion in it. */
  readonly assertion: string
  readonly xml: string
  readonly acsUrl: string
  readonly relayState: string
}

export interface PhoneReport {
  readonly at: number
  readonly step: string
  readonly outcome: 'ok' | 'refused'
  readonly text: string
}

type Watcher = (name: 'audit' | 'changed', data: string) => void

const kept = 200

/** Who is who: the IdP knows whom an answer was for, and the bridge by which `sub` it knows them. */
function createKnownCustomers() {
  const sent = new Map<string, string>()
  const subjects = new Map<string, string>()
  return {
    answered({ assertion, user }: SentAnswer): void {
      sent.set(assertion, user)
      if (sent.size > kept) sent.delete(sent.keys().next().value as string)
    },
    event({ type, outcome, detail, subject }: ShownEvent): void {
      const user = sent.get(String(detail.answer))
      if (type !== 'login.upstream_answered' || outcome !== 'ok') return
      if (user !== undefined && subject !== undefined) subjects.set(user, subject)
    },
    subjectOf: (user: string): string | undefined => subjects.get(user),
  }
}

/** Bounded memory of one demo; nothing of it is stored. */
export function createScene() {
  const events: string[] = []
  const reports: PhoneReport[] = []
  const watchers = new Set<Watcher>()
  const customers = createKnownCustomers()
  const state: { answer: SentAnswer | undefined; verdict: CoreVerdict | undefined } = {
    answer: undefined,
    verdict: undefined,
  }
  const tell: Watcher = (name, data) => {
    for (const watcher of watchers) watcher(name, data)
  }
  const keep = <T>(list: T[], item: T) => {
    list.push(item)
    if (list.length > kept) list.shift()
  }
  return {
    events,
    reports,
    state,
    event(text: string): void {
      keep(events, text)
      customers.event(shownEvent(text))
      tell('audit', text)
    },
    reported(report: PhoneReport): void {
      keep(reports, report)
      tell('changed', 'phone')
    },
    answered(answer: SentAnswer): void {
      state.answer = answer
      customers.answered(answer)
      tell('changed', 'answer')
    },
    judged(verdict: CoreVerdict): void {
      state.verdict = verdict
      tell('changed', 'core')
    },
    /** By which `sub` the bridge knows a user of the bank's IdP; undefined until they have signed in. */
    subjectOf: customers.subjectOf,
    watch(watcher: Watcher): () => void {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close: () => watchers.clear(),
  }
}

export type Scene = ReturnType<typeof createScene>
