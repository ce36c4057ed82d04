// Breaking something on purpose: each trial is really sent over HTTP, and its refusal shown.
import type Router from '@koa/router'
import { html } from '../http/page/html.ts'
import { page } from '../http/page/shell.ts'
import { createApp, createBrowser, formIn } from './app-client.ts'
import { customers } from './idp.ts'
import { bank, showPage } from './pages.ts'
import type { Scene } from './scene.ts'

export interface BreakOptions {
  readonly world: string
  readonly issuer: string
  readonly scene: Scene
}

interface Outcome {
  readonly sent: string
  readonly status: number
  readonly said: string
}

type Trial = (options: BreakOptions) => Promise<Outcome>

/** A sign-in of its own, up to the IdP's answer, by a browser that may deliver it. */
async function freshAnswer({ world, issuer }: BreakOptions) {
  const app = await createApp({ issuer, redirectUri: `${world}/phone/callback` })
  const browser = createBrowser()
  const started = await app.begin()
  const asked = await browser.follow(started.url, { until: app.redirectUri })
  const login = formIn(asked)
  const password = customers.alice?.password ?? ''
  const posting = await browser.follow(login.action, {
    until: app.redirectUri,
    form: { ...login.fields, username: 'alice', password },
  })
  const { action, fields } = formIn(posting)
  const deliver = (form: Record<string, string>) => browser.follow(action, { until: app.redirectUri, form })
  return { fields, deliver }
}

const codeOn = (body: string): string => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1] ?? 'no code'
const faultIn = (body: string): string =>
  /<faultstring>([^<]*)/.exec(body)?.[1] ?? /<soap:Text[^>]*>([^<]*)/.exec(body)?.[1] ?? 'accepted'

async function toCore(scene: Scene, url: string, sent: string): Promise<Outcome> {
  const { verdict } = scene.state
  if (!verdict)
    return { sent, status: 0, said: 'No call has been made yet. Pay something on the phone first.' }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: verdict.xml,
  })
  return { sent, status: response.status, said: faultIn(await response.text()) }
}

const trials: Readonly<Record<string, Trial>> = {
  'answer-again': async (options) => {
    const { fields, deliver } = await freshAnswer(options)
    await deliver(fields)
    const { status, body } = await deliver(fields)
    return {
      sent: 'A SAML answer that had been accepted a moment before, by the same browser',
      status,
      said: codeOn(body),
    }
  },
  'answer-changed': async (options) => {
    const { fields, deliver } = await freshAnswer(options)
    const xml = Buffer.from(fields.SAMLResponse ?? '', 'base64').toString('utf8')
    const changed = xml.replace('Alice Alder', 'Alicf Alder')
    const { status, body } = await deliver({
      ...fields,
      SAMLResponse: Buffer.from(changed).toString('base64'),
    })
    return { sent: 'A fresh SAML answer with one letter of the name changed', status, said: codeOn(body) }
  },
  'message-again': ({ scene, world }) =>
    toCore(scene, `${world}/core/payments`, 'The last signed call, byte for byte, once more'),
  'other-core': ({ scene, world }) =>
    toCore(scene, `${world}/core/cards`, 'The last signed call, to a core that it was not signed for'),
}

export function breakRoutes(router: Router, options: BreakOptions): void {
  router.post('/break/:trial', async (ctx) => {
    const name = ctx.params.trial as string
    const trial = Object.hasOwn(trials, name) ? trials[name] : undefined
    if (!trial) return
    showPage(ctx, outcomePage(await trial(options)))
  })
}

function outcomePage({ sent, status, said }: Outcome): string {
  const refused = status >= 400
  const heading = html`<h1>${refused ? 'Refused, as it must be' : 'Nothing to refuse'}</h1>`
  const main = html`<dl class="kv"><div><dt>Sent</dt><dd>${sent}</dd></div><div><dt>Status</dt><dd class="num">${status === 0 ? 'not sent' : status}</dd></div><div><dt>Answer</dt><dd><code>${said}</code></dd></div></dl>
<div class="actions"><a class="btn primary" href="/">Back to the control room</a></div>`
  return page({
    language: 'en',
    base: '',
    institution: bank,
    title: 'Break something',
    bodyClass: 'ask',
    skipTo: 'message',
    heading,
    main,
  })
}
