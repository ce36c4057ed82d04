// A certificate by an authority for our next key: the request to take there, and the certificate that comes back.
import { Refusal } from '../domain/refusal.ts'
import { type Html, html } from '../http/page/html.ts'
import { bdi, hiddenFields } from '../http/page/parts.ts'
import { actorIn, type ConnectionPagePorts, connectionOf } from './connection-ports.ts'
import type { Desk, Form, Next, Visit } from './desk.ts'
import type { ConsoleView } from './page.ts'
import { faultsAt, labelled } from './settings-form.ts'

export const certificatePath = (id: string, kid: string): string =>
  `/connections/${id}/keys/certificate?kid=${encodeURIComponent(kid)}`

/**
 * No fresh sign-in is asked for: the request holds no private key and says what our metadata says to everybody; and a certificate
 * is taken for this very key alone, so that whoever brings one can make nobody believe another.
 */
export function keyCertificate(desk: Desk, ports: ConnectionPagePorts): void {
  desk.page('/connections/:id/keys/certificate', 'keys', (visit) =>
    requestPage(ports, visit, { kid: String(visit.ctx.query.kid ?? '') }),
  )
  desk.upload('/connections/:id/keys/certificate', 'keys', (visit, form) => take(ports, visit, form))
}

interface Asked {
  readonly kid: string
  readonly typed?: string
  readonly fault?: string
}

async function requestPage(ports: ConnectionPagePorts, visit: Visit, asked: Asked): Promise<ConsoleView> {
  const record = await connectionOf(ports, visit)
  const { kid, typed = '', fault } = asked
  const pem = await ports.keyFlows.request({ institution: visit.institution.id, connection: record.id, kid })
  return {
    title: `A certificate for the next key of ${record.name}`,
    heading: html`A certificate by an authority, for ${bdi(record.name)}`,
    lead: html`For the next key <code>${kid}</code>, in the place of the one that it has signed itself. Only where the bank or the IdP asks for it: most pin the key.`,
    aside: html`<a class="btn" href="${visit.path(`/connections/${record.id}/keys`)}">To the keys</a>`,
    place: '/connections',
    status: fault === undefined ? 200 : 422,
    main: html`<div class="stack-l wide-form">${requestCard(pem)}
${takeCard(visit, { action: visit.path(`/connections/${record.id}/keys/certificate`), kid, typed, fault })}</div>`,
  }
}

const requestCard = (pem: string): Html =>
  html`<section class="card stack" aria-labelledby="h-request"><h2 id="h-request">1. The request</h2>
<p class="hint">PKCS #10. Take all of it to the authority. It holds no private key.</p>
<div class="field"><label for="request">Certificate request (CSR)</label><textarea class="input mono copy" id="request" readonly rows="10" spellcheck="false">${pem}</textarea></div></section>`

interface Taking {
  readonly action: string
  readonly kid: string
  readonly typed: string
  readonly fault: string | undefined
}

function takeCard(visit: Visit, { action, kid, typed, fault }: Taking): Html {
  const faults = faultsAt(fault === undefined ? [] : [{ path: 'certificate', message: fault }], 'certificate')
  return html`<section class="card stack" aria-labelledby="h-take"><h2 id="h-take">2. The certificate</h2>
<form method="post" enctype="multipart/form-data" action="${action}" class="stack-l">${hiddenFields({ form_token: visit.formToken, kid })}
${labelled({ name: 'file', label: 'As a file', faults: [] }, (attributes) => html`<input class="input" type="file" accept=".pem,.crt,.cer,application/x-pem-file" ${attributes}>`)}
${labelled({ name: 'certificate', label: 'Or pasted', hint: 'PEM; the authority’s own may stand beside it. It is published in our metadata at once, and the IdP gets as long to read it as for a new key.', faults }, (attributes) => html`<textarea class="input mono" rows="8" spellcheck="false" autocomplete="off" ${attributes}>${typed}</textarea>`)}
<div class="actions"><button class="btn primary">Publish this certificate</button></div></form></section>`
}

const checks: Readonly<Record<string, string>> = {
  size: 'This is too long',
  format: 'This is no certificate in PEM',
  key: 'This certificate is not for this key',
  authority: 'This is the certificate of an authority',
  'not before': 'This certificate is not valid yet',
  'not after': 'This certificate is over',
  signature: 'This certificate is signed over a hash that is too weak',
  'key usage': 'This certificate may not be used as this key is',
}

async function take(ports: ConnectionPagePorts, visit: Visit, form: Form): Promise<Next> {
  const { id } = await connectionOf(ports, visit)
  const kid = form.get('kid') ?? ''
  const typed = (form.get('file') || form.get('certificate') || '').trim()
  const which = { institution: visit.institution.id, connection: id, kid }
  try {
    await ports.keyFlows.certify(which, typed, actorIn(visit, form))
    return `/connections/${id}/keys?done=certified`
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'key.certificate') throw error
    const { check, actual } = error.detail
    const sentence = checks[String(check)] ?? 'It was refused'
    const fault = `${check === 'format' ? sentence : `${sentence}: ${actual}`}. Code ${error.code}.`
    return requestPage(ports, visit, { kid, typed, fault })
  }
}
