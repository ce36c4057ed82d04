// Which apps lead their customers to a connection, and how another one comes to do so.
import type { NamingApp } from '../flows/connection-removal.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import type { ConnectionRecord } from '../ports/connections.ts'
import type { Visit } from './desk.ts'

/** Of a connection that is live: without an app that names it, nobody is led there. */
export function appsCard(
  visit: Visit,
  { id }: Pick<ConnectionRecord, 'id'>,
  apps: readonly NamingApp[],
): Html {
  return html`<section class="card stack" aria-labelledby="h-apps"><h2 id="h-apps">${apps.length === 0 ? 'No app offers it yet' : 'Apps that offer it'}</h2>
${apps.length > 0 && html`<p>${apps.map((app, n) => html`${n > 0 && ', '}<a href="${visit.path(`/relying-parties/${app.id}`)}">${bdi(app.name)}</a>`)}</p>`}
<p class="small">An app that was registered here gets it by <strong>Edit</strong> on its page (<a href="${visit.path('/relying-parties')}">Apps</a>). ${byFile(id)}</p></section>`
}

const place = html`under <code>relying_parties</code> in the institution’s file`

/** The way to every app that a file rules, in the words of that file. */
const byFile = (id: string): Html =>
  html`An app that a file rules gets it by the operator, who adds the id <code>${id}</code> to <code>connections</code> of the app, ${place}, and runs <code>drawbridge apply</code>.`

/** The same from the other end: of this app, whatever connection it shall offer. */
export const offerByFile = (app: string): Html =>
  html`To let it offer another connection, the operator adds the connection’s id to <code>connections</code> of <code>${app}</code>, ${place}, and runs <code>drawbridge apply</code>.`
