// The test logins of a connection, newest first, each with its outcome in words.
import { type Html, html } from '../http/page/html.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { TestLogin } from '../ports/test-logins.ts'
import type { Visit } from './desk.ts'
import { badge, moment } from './words.ts'

export interface TestRowsView {
  readonly record: Pick<ConnectionRecord, 'id'>
  readonly tests: readonly TestLogin[]
  readonly now: number
}

export function testRows(visit: Visit, { record, tests, now }: TestRowsView): Html {
  if (tests.length === 0) return html`<p class="quiet small">None in the last seven days.</p>`
  return html`<ul class="timeline">${tests.map((test) => html`<li class="${toneOf(test)}"><a href="${visit.path(`/connections/${record.id}/tests/${test.id}`)}">${outcomeText(test, now)}</a>${moment(test.startedAt)}</li>`)}</ul>`
}

const toneOf = ({ outcome }: TestLogin): string => ({ passed: 'ok', failed: 'bad', open: '' })[outcome]

export function outcomeText({ outcome, result, answerBy, startedAt }: TestLogin, now: number): string {
  if (outcome === 'open') {
    if (answerBy <= now) return 'No answer came'
    return now - startedAt < 60_000
      ? 'Waiting for the answer'
      : 'Waiting for the answer: does the IdP know us?'
  }
  const checks = result?.checks ?? []
  const good = checks.filter(({ ok }) => ok).length
  return outcome === 'passed' ? `Passed, ${good} of ${checks.length} checks` : `Failed: ${result?.code ?? ''}`
}

const badges = { passed: badge('ok', 'Passed'), failed: badge('bad', 'Failed'), open: badge('', 'Open') }

export const outcomeBadge = ({ outcome }: TestLogin): Html => badges[outcome]
