// What a refusal says to an administrator who is signed in: within the console, in its words, with the code and a way on.
import type { Refusal, RefusalCode } from '../domain/refusal.ts'
import { stateOf } from '../http/context.ts'
import { type Html, html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'
import { wordsOf } from '../http/words/catalogue.ts'
import { httpStatusOf } from '../http/words/codes.ts'
import { offerByFile } from './connection-apps.ts'
import type { Visit } from './desk.ts'
import { type ConsoleView, type Place, places } from './page.ts'
import { withCode } from './words.ts'

/** Those that are told here; of the others the page of everybody leads to a new sign-in. */
const toldHere: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'request.not_found',
  'request.malformed',
  'request.too_large',
  'connection.managed',
  'connection.settings',
  'connection.state',
  'console.forbidden',
  'policy.managed',
  'risk.managed',
  'case.own',
])

interface Said {
  readonly title: string
  readonly happened: Html | string
  readonly next: Html | string
}

/** The page for a refusal, with the status of its code; undefined for one that is told to everybody alike. */
export function refusalView(visit: Visit, refusal: Refusal): ConsoleView | undefined {
  const { code } = refusal
  if (!toldHere.has(code)) return undefined
  const { title, happened, next } = wordsFor(visit, refusal)
  const on = onwardFrom(visit)
  return {
    title,
    place: on.place,
    status: httpStatusOf(code),
    main: html`<section class="card stack-l" aria-label="What happened">${notice('warn', 'Nothing was changed.', html`${happened} ${withCode('', code).trim()}`)}
<p>${next}</p>
<div class="actions"><a class="btn primary" href="${visit.path(on.to)}">${on.name}</a></div>
<p class="small quiet">Reference <span class="ref">${stateOf(visit.ctx).reference}</span></p></section>`,
  }
}

function wordsFor(visit: Visit, { code, detail }: Refusal): Said {
  if (code === 'request.not_found') return gone(visit)
  if (code === 'request.malformed') return unread
  if (code === 'request.too_large') return tooLarge
  if (code === 'policy.managed') return policyByFile
  if (code === 'risk.managed') return riskByFile
  if (code === 'case.own') return ownProposal
  if (code !== 'connection.managed') return wordsOf('en', code)
  const app = typeof detail.relyingParty === 'string' ? detail.relyingParty : undefined
  return {
    title: app === undefined ? 'This connection comes from a file' : 'This app comes from a file',
    happened: 'The operator keeps it in a file, and only the file changes it.',
    next:
      app === undefined
        ? html`Ask the operator, who changes the file and runs <code>drawbridge apply</code>.`
        : html`Ask the operator. ${offerByFile(app)}`,
  }
}

const policyByFile: Said = {
  title: 'The policy comes from a file',
  happened: 'The operator keeps it in the institution’s file, and only the file changes it.',
  next: html`Ask the operator, who changes the file and runs <code>drawbridge apply</code>.`,
}

const riskByFile: Said = {
  ...policyByFile,
  title: 'The risk engines come from a file',
  happened: 'The operator keeps them in the institution’s file, and only the file changes them.',
}

const ownProposal: Said = {
  title: 'Somebody else has to agree',
  happened: 'You proposed this release, and whoever proposes never agrees.',
  next: 'Ask a colleague who works on cases. You can take your proposal back, or stop what is held.',
}

const unread: Said = {
  title: 'This form cannot be taken any more',
  happened: 'Something in it is missing, or it was not made by this page.',
  next: 'It may have been open since before the bridge was started anew. Begin again.',
}

const tooLarge: Said = {
  title: 'This is too much for a form',
  happened: 'A form of the console, with its file, holds at most 3 MiB; metadata at most 1 MiB.',
  next: 'Give a smaller document, or the address where it stands.',
}

/** By the address alone: what another institution has is not there either. */
function gone(visit: Visit): Said {
  const [, about] = absent.find(([form]) => form.test(below(visit))) ?? []
  return {
    title: about?.[0] ?? 'There is no page at this address',
    happened: about?.[1] ?? 'The address is incomplete, or what it showed is there no more.',
    next: 'If a link of the console led here, open its page anew: somebody may have been quicker.',
  }
}

const absent: readonly (readonly [form: RegExp, said: readonly [title: string, happened: string]])[] = [
  [
    /^\/connections\/[^/]+\/tests\/./,
    ['There is no such test login', 'Test logins are kept for seven days, and go with their connection.'],
  ],
  [
    /^\/connections\/./,
    ['There is no such connection', 'It was removed, or none was ever made at this address.'],
  ],
  [
    /^\/relying-parties\/./,
    ['There is no such app', 'It was removed, or none was ever registered by this client id.'],
  ],
  [
    /^\/risk\/providers\/./,
    ['There is no such risk engine', 'It was taken out of the institution’s file, or never stood there.'],
  ],
  [
    /^\/risk\/./,
    [
      'There is no such assessment',
      'The risk engines were not asked, or what they said is not kept any more.',
    ],
  ],
  [/^\/freezes\/./, ['There is no such freeze', 'Nothing was ever frozen by this address.']],
  [
    /^\/cases\/./,
    ['There is no such case', 'Nothing was held by this id, or it was held before there were cases.'],
  ],
  [
    /^\/exchanges\/./,
    ['There is no such exchange', 'Exchanges are kept for a while, by default seven days.'],
  ],
]

const below = ({ ctx }: Visit): string => ctx.path.replace(/^.*?\/console(?=\/|$)/, '')

interface Onward {
  readonly place: Place
  readonly to: string
  readonly name: string
}

/** The page where the way that led here goes on; only one that this visitor may see. */
function onwardFrom(visit: Visit): Onward {
  const path = below(visit)
  const open = places.filter(({ needs }) => visit.may(needs))
  const place = open.find((one) => one.path !== '' && path.startsWith(one.path)) ?? places[0]
  if (visit.ctx.method === 'POST' && /^\/connections\/new$/.test(path))
    return { place: '/connections', to: path, name: 'Begin again' }
  return { place: place.path, to: place.path, name: `To ${place.name}` }
}
