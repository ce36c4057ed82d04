// What the demo has seen, kept in memory for the control room and told to whoever watches.
import type { CoreVerdict } from './core.ts'

export interface SentAnswer {
  readonly user: string
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

/** Bounded memory of one demo; nothing of it is stored. */
export function createScene() {
  const events: string[] = []
  const reports: PhoneReport[] = []
  const watchers = new Set<Watcher>()
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
      tell('audit', text)
    },
    reported(report: PhoneReport): void {
      keep(reports, report)
      tell('changed', 'phone')
    },
    answered(answer: SentAnswer): void {
      state.answer = answer
      tell('changed', 'answer')
    },
    judged(verdict: CoreVerdict): void {
      state.verdict = verdict
      tell('changed', 'core')
    },
    watch(watcher: Watcher): () => void {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close: () => watchers.clear(),
  }
}

export type Scene = ReturnType<typeof createScene>
