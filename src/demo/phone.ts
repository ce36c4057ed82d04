// The phone: an app as a web page, an OIDC client of its own with a key that cannot leave the browser.
import type Router from '@koa/router'
import { stylesheets } from '../http/page/assets.ts'
import { html, textOf } from '../http/page/html.ts'
import { arch, icon, sprite } from '../http/page/parts.ts'
import { readBody } from './forms.ts'
import { phoneId } from './institution.ts'
import { bank, showPage } from './pages.ts'
import type { Scene } from './scene.ts'

export interface PhoneOptions {
  readonly world: string
  readonly issuer: string
  readonly scene: Scene
}

export function phoneRoutes(router: Router, options: PhoneOptions): void {
  const show = (ctx: Parameters<typeof showPage>[0]) => {
    const origin = new URL(options.issuer).origin
    showPage(ctx, phonePage(options), { connect: [origin] })
  }
  router.get('/phone/', show)
  router.get('/phone/callback', show)
  router.post('/phone/report', async (ctx) => {
    const { step, text, outcome } = JSON.parse((await readBody(ctx)).toString('utf8')) as Record<
      string,
      unknown
    >
    const said = { step: String(step).slice(0, 40), text: String(text).slice(0, 300) }
    options.scene.reported({ at: Date.now(), ...said, outcome: outcome === 'ok' ? 'ok' : 'refused' })
    ctx.status = 204
  })
}

const signedOut = html`<section id="out" class="stack-l">
<p>Sign in with your bank. Your password stays there: this app never sees it.</p>
<div class="actions"><button class="btn primary" type="button" data-press="sign-in">Sign in</button></div>
<p class="hint">This is a demo. Your bank knows <code>alice</code> with <code>alice-pw</code>, and <code>bob</code> with <code>bob-pw</code>.</p>
</section>`

const enrolment = html`<form id="enrol" class="stack-l">
<h2>Make this your phone</h2>
<p>Then your bank knows this phone, and asks here for a PIN when a payment is large.</p>
<div class="field"><label for="name">Name of this phone</label><input class="input" id="name" name="name" value="My phone" maxlength="60" autocomplete="off" required></div>
<div class="field"><label for="pin">A PIN of six digits</label><div class="digits"><input id="pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="new-password" aria-describedby="pin-hint" required></div><p class="hint" id="pin-hint">Not 123456 and its like.</p></div>
<div class="actions"><button class="btn primary">Make this my phone</button></div>
<div id="again" hidden><div class="actions"><button class="btn" type="button" data-press="sign-in">Sign in again</button></div></div>
</form>`

const useForApprovals = html`<form id="use" class="stack-l">
<h2>Use this phone for approvals</h2>
<p>Then your bank can ask here whether it is you, also for what began elsewhere. This phone makes a second key for it.</p>
<div class="field"><label for="use-pin">Your PIN</label><div class="digits"><input id="use-pin" name="pin" type="password" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="current-password" required></div></div>
<div class="actions"><button class="btn primary">Use this phone for approvals</button></div>
</form>`

const waits = html`<section id="waits" class="stack-l" aria-labelledby="waits-title">
<h2 id="waits-title" tabindex="-1">What waits for your answer</h2>
<p class="quiet" id="waits-none">Nothing. This list looks by itself.</p>
<div id="waits-list" class="stack-l"></div>
</section>`

const payments = html`<section id="pays" class="stack-l">
<h2>Pay Nordhaven Energy</h2>
<div class="actions">
<button class="btn primary" type="button" data-press="small">Pay €25.00</button>
<button class="btn" type="button" data-press="large">Pay €1,240.00</button>
</div>
<div class="actions"><button class="btn" type="button" data-press="balance">Show my balance</button></div>
</section>`

function phonePage({ issuer, world }: PhoneOptions): string {
  const data = html`data-issuer="${issuer}" data-client="${phoneId}" data-redirect="${`${world}/phone/callback`}" data-home="${`${world}/phone/`}"`
  return textOf(html`<!doctype html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Alder Pay</title><link rel="icon" href="data:,">
${stylesheets('', bank.accent).map((href) => html`<link rel="stylesheet" href="${href}">\n`)}</head>
<body class="ask" ${data}>
${sprite}
<a class="skip" href="#main">Skip to content</a>
<header><span class="bank"><span>Alder Pay</span></span></header>
<main id="main" class="stack-l">
<div>${arch('en', 'Alder Pay', 'Alder Bank')}<h1>Your money at Alder Bank</h1></div>
<div aria-live="polite"><div id="said" class="notice ok" hidden><p><span></span> <small></small></p></div><p id="news" class="hint" hidden></p></div>
<div id="tried" class="notice" hidden>${icon('info')}<p>This tab tries the app <code id="tried-app"></code>. <a href="${`/phone/?app=${phoneId}`}">Be Alder Pay again</a></p></div>
${signedOut}
<section id="in" class="stack-l" hidden>
<p><strong id="level"></strong></p>
${enrolment}
${useForApprovals}
${waits}
${payments}
<div class="actions"><button class="btn" type="button" data-press="refresh">Renew my session</button><button class="btn" type="button" data-press="sign-out">Sign out</button></div>
</section>
<noscript><p>This app needs JavaScript: its key lives in the browser.</p></noscript>
</main>
<footer class="foot"><a href="/">Control room</a><span>Demo</span></footer>
<script type="module" src="/demo/phone.js"></script>
</body></html>`)
}
