// Which level a test login asks the IdP for: those that its classes reach, and what an ordinary sign-in asks for.
import { type Acr, acrLadder, delegated, levelName } from '../domain/acr.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { classesFor } from '../domain/upstream-level.ts'
import { type Html, html } from '../http/page/html.ts'
import type { Form } from './desk.ts'

const names: Readonly<Record<string, string>> = {
  device: 'As for a sign-in with a device',
  'device-pin': 'As for a sign-in with a device and a PIN',
}

const askable = ({ levels }: Pick<ConnectionContent, 'levels'>): Acr[] =>
  acrLadder.filter((acr) => acr !== delegated && classesFor(levels, acr).length > 0)

/** Undefined where the IdP can be asked for nothing beyond the settings. */
export function levelChoice(
  content: Pick<ConnectionContent, 'levels'>,
  chosen: Acr | undefined,
): Html | undefined {
  const levels = askable(content)
  if (levels.length === 0) return undefined
  return html`<label class="small">Level to ask for <select class="input" name="acr"><option value="">What the settings say</option>${levels.map((acr) => html`<option value="${acr}"${acr === chosen && html` selected`}>${names[levelName(acr)] ?? levelName(acr)}</option>`)}</select></label>`
}

/** Undefined for a sign-in as the settings say, and for what this content's IdP cannot be asked for. */
export const chosenLevel = (form: Form, content: Pick<ConnectionContent, 'levels'>): Acr | undefined =>
  askable(content).find((acr) => acr === form.get('acr'))

/** A level as a page says it, with its name on the wire. */
export const levelText = (acr: Acr): Html =>
  html`${{ delegated: 'A sign-in at the IdP', device: 'A sign-in with a device', 'device-pin': 'A sign-in with a device and a PIN' }[levelName(acr)] ?? ''} <code>${acr}</code>`
