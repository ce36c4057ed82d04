// The control room: what the phone did, what the IdP answered, what was decided, what was sent, what was recorded, what engines said.
import { PassThrough } from 'node:stream'
import type Router from '@koa/router'
import { type Html, html, textOf } from '../http/page/html.ts'
import { page } from '../http/page/shell.ts'
import type { AuditLog } from '../ports/audit-log.ts'
import { breakRoutes } from './break.ts'
import { shownEvent } from './event-words.ts'
import { assetRoutes, showPage } from './pages.ts'
import { answerPane, auditPane, callPane, decisionPane, phonePane } from './panes.ts'
import type { RiskDial } from './risk-dial.ts'
import { dialCard, dialRoutes, riskPane } from './risk-panel.ts'
import type { Scene } from './scene.ts'

export interface ControlRoomOptions {
  readonly world: string
  readonly issuer: string
  readonly scene: Scene
  readonly dial: RiskDial
  readonly trusted: readonly string[]
  readonly idpCertificate: string
  readonly audit: AuditLog
}

export function controlRoomRoutes(router: Router, options: ControlRoomOptions): void {
  assetRoutes(router)
  breakRoutes(router, options)
  dialRoutes(router, options.dial)
  router.get('/', (ctx) => showPage(ctx, roomPage(options)))
  router.get('/panes', (ctx) =>
    showPage(ctx, textOf(html`${finding(options)}${panes(options)}${riskPane(options)}`)),
  )
  router.get('/events', (ctx) => {
    const stream = new PassThrough()
    ctx.set('Cache-Control', 'no-store')
    ctx.type = 'text/event-stream'
    ctx.body = stream
    stream.write(': here\n\n')
    const stop = options.scene.watch((name, data) => {
      const line = name === 'audit' ? JSON.stringify(shownEvent(data)) : data
      stream.write(`event: ${name}\ndata: ${line}\n\n`)
    })
    ctx.res.on('close', stop)
  })
}

/** The page's headline; it comes with the panes, so that it changes with them. */
const finding = ({ scene }: ControlRoomOptions): Html =>
  html`<h1 id="finding">${scene.events.length > 1 ? 'One bank, end to end' : 'Nothing has happened yet'}</h1>`

const panes = (options: ControlRoomOptions): Html => html`<div class="panes">
${phonePane(options)}${answerPane(options)}${decisionPane(options)}${callPane(options)}${auditPane(options)}
</div>`

const trials = {
  'answer-again': 'Send the bank’s answer twice',
  'answer-changed': 'Change one byte of the answer',
  'message-again': 'Send the core the same call again',
  'other-core': 'Send the call to another core',
} as const

function roomPage(options: ControlRoomOptions): string {
  const header = html`<header><span class="bank"><span>Drawbridge control room</span></span>
<div class="actions"><a class="btn primary" href="/phone/" target="_blank" rel="noopener">Open the phone</a><a class="btn" href="/shop/" target="_blank" rel="noopener">Open the shop</a><a class="btn" href="/sms/" target="_blank" rel="noopener">Text messages</a><a class="btn" href="/">Reload</a></div></header>`
  const main = html`<div class="head"><div>${finding(options)}
<p class="quiet">Alder Pay asks, Alder Bank’s IdP answers, Drawbridge decides and signs, the core verifies. Sign in as <code>alice</code> with <code>alice-pw</code>.</p></div></div>
${panes(options)}
<div class="dials">${dialCard(options.dial)}${riskPane(options)}</div>
<section class="card"><h2>Break something</h2><p class="small">Each is really sent, to the real address, and shows what came back.</p>
<div class="actions">${Object.entries(trials).map(([name, label]) => html`<form method="post" action="/break/${name}"><button class="btn">${label}</button></form>`)}</div></section>`
  const tail = html`<script type="module" src="/demo/room.js"></script>`
  return page({
    language: 'en',
    base: '',
    title: 'Control room',
    bodyClass: 'room',
    skipTo: 'content',
    header,
    main,
    tail,
  })
}
