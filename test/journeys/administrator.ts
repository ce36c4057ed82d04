// An administrator in the console, without a browser's scripts: pages, their forms, and the IdP on the way.
import { createBrowser } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import type { TestBridge } from './bridge.ts'

export interface Page {
  readonly url: string
  readonly status: number
  readonly body: string
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
export const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')

const attributeOf = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found === undefined ? undefined : unescaped(found)
}

/** A form as a browser would send it, untouched: hidden fields, typed values, what is chosen and ticked. */
export function formTo(
  page: Page,
  action: RegExp,
  button = '',
): { to: string; fields: Record<string, string> } {
  const forms = [...page.body.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)]
  const found = forms.find(
    ([, tag = '', inner = '']) => action.test(attributeOf(tag, 'action') ?? '') && inner.includes(button),
  )
  if (found === undefined) throw new Error(`no form to ${action} at ${page.url}: ${page.body.slice(0, 2000)}`)
  const [, tag = '', inner = ''] = found
  return { to: new URL(attributeOf(tag, 'action') ?? '', page.url).href, fields: fieldsIn(inner) }
}

function fieldsIn(inner: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [tag] of inner.matchAll(/<input\b[^>]*>/g)) {
    const [name, type] = [attributeOf(tag, 'name'), attributeOf(tag, 'type')]
    const ticks = type === 'checkbox' || type === 'radio'
    if (name !== undefined && type !== 'file' && (!ticks || / checked/.test(tag)))
      fields[name] = attributeOf(tag, 'value') ?? ''
  }
  // As in a browser, a line end right behind the tag is none of the text.
  for (const [, tag = '', text = ''] of inner.matchAll(/<textarea\b([^>]*)>([\s\S]*?)<\/textarea>/g))
    fields[attributeOf(tag, 'name') ?? ''] = unescaped(text.replace(/^\r?\n/, ''))
  for (const [, tag = '', options = ''] of inner.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/g)) {
    const all = [...options.matchAll(/<option\b[^>]*>/g)].map(([option]) => option)
    const chosen = all.find((option) => / selected/.test(option)) ?? all[0] ?? ''
    fields[attributeOf(tag, 'name') ?? ''] = attributeOf(chosen, 'value') ?? ''
  }
  delete fields['']
  return fields
}

const nowhere = 'https://nowhere.example/'

export interface Pressing {
  readonly action: RegExp
  /** Text inside the form, where several go to one address. */
  readonly button?: string
  readonly fields?: Readonly<Record<string, string>>
}

export function createAdministrator({ issuer, world }: Pick<TestBridge, 'issuer' | 'world'>) {
  const browser = createBrowser()
  const follow = (url: string, form?: Readonly<Record<string, string>>): Promise<Page> =>
    browser.follow(url, { until: nowhere, ...(form && { form }) })
  const press = (page: Page, { action, button, fields = {} }: Pressing): Promise<Page> => {
    const form = formTo(page, action, button)
    return follow(form.to, { ...form.fields, ...fields })
  }
  /** Passes the IdP's pages as this person, until we are back at the bridge. */
  const throughIdp = async (first: Page, user: string): Promise<Page> => {
    let page = first
    for (let i = 0; i < 4 && page.url.startsWith(world.url); i += 1) {
      const typed: Record<string, string> = page.body.includes('name="password"')
        ? { username: user, password: `${user}-pw`, do: 'sign-in' }
        : {}
      page = await press(page, { action: /./, fields: typed })
    }
    return page
  }
  return {
    browser,
    press,
    throughIdp,
    cookies: () => browser.cookies(`${issuer}/console`),
    get: (path: string) => follow(`${issuer}/console${path}`),
    follow,
    /** Takes an invitation; by the staff's sign-in where there is one. */
    join: async (url: string, user: string): Promise<Page> => {
      const asked = await press(await follow(url), { action: /\/invitation\// })
      return throughIdp(asked, user)
    },
  }
}

export type Administrator = ReturnType<typeof createAdministrator>

/** The demo bank as it is before anybody has connected its staff: its directory stays, and nobody comes in by it. */
export async function withoutWayIn({
  application,
  world,
}: Pick<TestBridge, 'application' | 'world'>): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const connections = rows.connections.map((one) => ({ ...one, audience: 'customers' as const }))
  await application.apply([{ ...rows, connections }], { dryRun: false })
}
