// The part of the journey in which the bank holds a payment, and two of its people let the customer send it again.
import { withDeviceAndPin } from '../domain/acr.ts'
import { createBrowser, formIn } from './app-client.ts'
import { approve, question, wanted } from './journey-approvals.ts'
import { expect, type StepOf, type Walk } from './journey-walk.ts'
import { payment } from './payment.ts'

const held = payment('26.00')
const nowhere = 'https://nowhere.example/'

interface Page {
  readonly url: string
  readonly body: string
}

/** Somebody of the bank with the console before them. */
function colleague({ world }: Walk, user: 'marta' | 'jaan') {
  const browser = createBrowser()
  const follow = (url: string, form?: Readonly<Record<string, string>>): Promise<Page> =>
    browser.follow(url, { until: nowhere, ...(form && { form }) })
  const press = async (page: Page, to: string, fields: Readonly<Record<string, string>> = {}) => {
    const [body] = new RegExp(`<form[^>]*\\baction="[^"]*${to}"[\\s\\S]*?</form>`).exec(page.body) ?? []
    expect(body, `a form to ${to} at ${page.url}`)
    const form = formIn({ url: page.url, body })
    return follow(form.action, { ...form.fields, ...fields })
  }
  return {
    at: (path: string) => follow(`${world.issuer}/console${path}`),
    press,
    /** Takes an invitation, and signs in at the staff's directory. */
    async join(link: string): Promise<void> {
      let page = await press(await follow(link), '/invitation/[^"]*')
      const typed = { username: user, password: `${user}-pw`, do: 'sign-in' }
      for (let n = 0; n < 3 && page.url.startsWith(world.url); n++) page = await press(page, '[^"]*', typed)
      expect(page.url.startsWith(`${world.issuer}/console`), `the console, not ${page.url}`)
    },
  }
}

/** While the engines find what they hold. */
async function heldByEngines<T>({ world: { dial } }: Walk, work: () => Promise<T>): Promise<T> {
  dial.set({ level: 'high', fault: 'none' })
  return work().finally(() => dial.set({ level: 'low', fault: 'none' }))
}

export const caseSteps: Readonly<Record<string, StepOf>> = {
  'case: released by two': async (walk) => {
    const { id, state } = await heldByEngines(walk, () => wanted(walk, held))
    expect(state === 'held', `held, not ${state}`)
    const [marta, jaan] = [colleague(walk, 'marta'), colleague(walk, 'jaan')]
    await marta.join(walk.world.invitation ?? '')
    const people = await marta.at('/administrators')
    const invited = await marta.press(people, '/administrators/invite', { 'role.fraud-analyst': 'on' })
    await jaan.join(/<code class="ref">([^<]+)<\/code>/.exec(invited.body)?.[1] ?? '')
    const why = 'The customer was called'
    const proposed = await marta.press(await marta.at(`/cases/${id}`), `/cases/${id}/propose`, { why })
    expect(!proposed.body.includes(`/cases/${id}/confirm"`), 'who proposed cannot agree')
    const agreed = await jaan.press(await jaan.at(`/cases/${id}`), `/cases/${id}/confirm`)
    expect(agreed.body.includes('it can be sent again'), `released, not ${agreed.url}`)
    walk.heldCase = id
  },
  'case: sent again, by PIN, once': async (walk) => {
    const { id, decision, approval } = await heldByEngines(walk, () => wanted(walk, held))
    expect(decision.reason === 'case.released', `released, not ${decision.reason}`)
    const asked = await question(walk)
    expect(asked.acr === withDeviceAndPin, `a question for the PIN, not ${asked.acr}`)
    await approve(walk, asked, approval.number)
    const { status } = await walk.backEnd.api('POST', `/transactions/${id}/consume`)
    expect(status === 200, `carried out, not ${status}`)
    const { body } = await walk.backEnd.api('GET', `/transactions/${walk.heldCase}`)
    expect(body.case.sent_again === true, `used up, not ${JSON.stringify(body)}`)
    const third = await heldByEngines(walk, () => wanted(walk, held))
    expect(third.state === 'held', `held again, not ${third.state}`)
  },
}
