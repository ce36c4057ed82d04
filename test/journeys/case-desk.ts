// The desk at which cases are worked on: people of the bank with the pages of the console before them.
import type { Role } from '../../src/domain/administrator.ts'
import type { CaseStep } from '../../src/domain/held-case.ts'
import { formTo } from './administrator.ts'
import { consoleVisitors, type Signing } from './console-visitors.ts'
import type { Parts } from './parts.ts'
import { wordsOf } from './transactions-rig.ts'

type Needed = Pick<Parts, 'base' | 'stores' | 'flows' | 'issuer'>

export function caseDesk(parts: Needed) {
  const visitors = consoleVisitors(parts as Parts)
  /** Somebody who works on cases; steps are taken by the forms of the page. */
  async function person(roles: readonly Role[] = ['fraud-analyst'], signing?: Signing) {
    const { cookie, subject } = await visitors.somebody(roles, signing)
    const get = async (path: string) => {
      const { status, text } = await visitors.go(path, { cookie })
      return { status, body: text, words: wordsOf(text), url: `${parts.issuer}/console${path}` }
    }
    const post = async (path: string, form: Readonly<Record<string, string>>) => {
      const { status, text, location } = await visitors.go(path, { cookie, form })
      return { status, words: wordsOf(text), body: text, location }
    }
    /** The form as the page has it, with these fields; from a page that was opened before where one is given. */
    const take = async (
      id: string,
      step: CaseStep,
      fields: Readonly<Record<string, string>> = { why: 'Called the customer' },
      page?: Awaited<ReturnType<typeof get>>,
    ) => {
      const form = formTo(page ?? (await get(`/cases/${id}`)), new RegExp(`/cases/${id}/${step}$`))
      return post(`/cases/${id}/${step}`, { ...form.fields, ...fields })
    }
    return { subject, cookie, get, post, take, actor: `administrator:${subject}` }
  }
  return {
    ...{ visitors, person },
    /** Proposed by one, agreed to by another. */
    async released(id: string) {
      const [ann, bob] = [await person(), await person()]
      const proposed = await ann.take(id, 'propose')
      const agreed = await bob.take(id, 'confirm', {})
      if (proposed.status !== 303 || agreed.status !== 303)
        throw new Error(`not released: ${proposed.words} ${agreed.words}`)
      return { ann, bob }
    },
  }
}

export type CaseDesk = ReturnType<typeof caseDesk>
export type CasePerson = Awaited<ReturnType<CaseDesk['person']>>
