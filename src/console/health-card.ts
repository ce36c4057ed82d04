// How one connection does: its sign-ins over time, drawn, with what failed a click away.
import type { SignIns, Span } from '../flows/connection-health.ts'
import { type Html, html } from '../http/page/html.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import { signInsChart, spanWords, stepWords } from './chart.ts'
import type { Visit } from './desk.ts'
import { count } from './words.ts'

export interface HealthView {
  readonly span: Span
  readonly steps: readonly SignIns[]
}

/** What the address asks for; a day unless it says a week. */
export const spanIn = ({ ctx }: Visit): Span => (ctx.query.over === 'week' ? 'week' : 'day')

/** Undefined for one that nobody has ever come by, in that time, and nobody could. */
export function healthCard(
  visit: Visit,
  { id, state }: Pick<ConnectionRecord, 'id' | 'state'>,
  { span, steps }: HealthView,
): Html | undefined {
  const sum = (of: 'signedIn' | 'failed') => steps.reduce((total, one) => total + one[of], 0)
  const [signedIn, failed] = [sum('signedIn'), sum('failed')]
  if (state !== 'active' && signedIn + failed === 0 && span === 'day') return undefined
  const title = `Sign-ins ${stepWords(span)}, ${spanWords[span]}`
  const failures =
    failed > 0 &&
    visit.may('read') &&
    html`<a href="${visit.path(`/exchanges?connection=${id}&outcome=failed&of=people`)}">See those that failed</a>`
  return html`<section class="card" id="health" aria-labelledby="h-health"><header><h2 id="h-health">${count(signedIn, 'sign-in', 'sign-ins')}, ${count(failed, 'failure', 'failures')} in ${spanWords[span]}</h2><ul class="legend"><li>Signed in</li><li class="c2">Failed</li></ul></header>
${signInsChart({ title, span, steps })}
<p class="small links">${spanLink(visit, id, span)} ${failures}</p></section>`
}

const spanLink = (visit: Visit, id: string, span: Span): Html => {
  const other = span === 'day' ? 'week' : 'day'
  const query = other === 'week' ? '?over=week' : ''
  return html`<a href="${visit.path(`/connections/${id}${query}#health`)}">Show ${spanWords[other]}</a>`
}
