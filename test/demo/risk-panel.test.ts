// The control room's dial, by plain form posts, and its table of what the engines said.
import { createServer } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRiskDial } from '../../src/demo/risk-dial.ts'
import { dialCard, dialRoutes, riskPane } from '../../src/demo/risk-panel.ts'
import { createScene } from '../../src/demo/scene.ts'
import { textOf } from '../../src/http/page/html.ts'
import { listening } from '../plugins/risk-engines.ts'

const dial = createRiskDial()
let served: Awaited<ReturnType<typeof listening>>

beforeAll(async () => {
  const router = new Router()
  dialRoutes(router, dial)
  served = await listening(createServer(new Koa().use(router.routes()).callback()))
})
afterAll(() => served.stop())
beforeEach(() => dial.set({ level: 'low', fault: 'none' }))

async function turned(form: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(form)
  const answer = await fetch(`http://${served.url}/dial`, { method: 'POST', body, redirect: 'manual' })
  return [answer.status, answer.headers.get('location')]
}

const pressed = () =>
  [...textOf(dialCard(dial)).matchAll(/value="([a-z]+)" aria-pressed="true"/g)].map(([, value]) => value)

describe('the dial', () => {
  test.each([
    [{ level: 'raised' }, ['raised', 'none']],
    [{ level: 'block' }, ['block', 'none']],
    [{ fault: 'hang' }, ['low', 'hang']],
    [{ level: 'high', fault: 'slow' }, ['high', 'slow']],
    [{ level: 'highest', fault: 'everything' }, ['low', 'none']],
    [{}, ['low', 'none']],
  ])('%j leads back to itself, at %j', async (form, stands) => {
    expect(await turned(form)).toEqual([303, '/#risk'])
    expect([dial.get().level, dial.get().fault]).toEqual(stands)
    expect(pressed()).toEqual(stands)
  })
  test('one is turned without the other', async () => {
    await turned({ level: 'raised' })
    await turned({ fault: 'error' })
    expect(pressed()).toEqual(['raised', 'error'])
  })
  test('it says what its stand leads to, and of an engine that does not answer that its level counts for nothing', () => {
    const says = (level: 'low' | 'block', fault: 'none' | 'slow' | 'hang') => {
      dial.set({ level, fault })
      return textOf(dialCard(dial))
    }
    expect(says('block', 'none')).toContain('They know it for fraud')
    expect(says('block', 'slow')).toContain('They know it for fraud')
    expect(says('block', 'hang')).not.toContain('They know it for fraud')
    expect(says('low', 'hang')).toContain('a payment is refused')
  })
})

describe('what they said', () => {
  const asked = (detail: Readonly<Record<string, unknown>>, reference = 'A') => ({
    ...{ type: 'risk.assessed', reference },
    detail: {
      ...{ kind: 'sign-in', action: 'step-up', reason: 'risk.rsa', score: 642 },
      providers: ['rsa: step-up', 'engine: timeout'],
      ...detail,
    },
  })
  const shown = (...events: readonly Readonly<Record<string, unknown>>[]) => {
    const scene = createScene()
    for (const event of events)
      scene.event(JSON.stringify({ outcome: 'ok', at: '2026-01-02T03:04:05.678Z', ...event }))
    return textOf(riskPane({ scene }))
  }
  const rows = (page: string) => page.split('<tbody>')[1]?.split('<tr>').slice(1) ?? []

  test('nothing yet', () => {
    expect(shown({ type: 'login.started' })).toContain('They have not been asked yet.')
  })
  test('who said what, what it came to, and what came of it', () => {
    const page = shown(asked({}), { type: 'step_up.passed', reference: 'A' })
    for (const text of [
      'Sign-in',
      '<bdi>rsa</bdi>: ask for more',
      'no answer in time',
      'by rsa',
      'level was raised',
    ])
      expect(page).toContain(text)
  })
  test('where nobody answered it is said so', () => {
    const page = shown(asked({ action: 'deny', reason: 'risk.unanswered', providers: ['rsa: open'] }))
    for (const text of ['left alone', 'not all answered', 'badge bad', 'It was stopped'])
      expect(page).toContain(text)
  })
  test('what came of another sign-in is not said of this one, nor what came after the next question in it', () => {
    const finished = { type: 'login.finished', reference: 'A' }
    const [payment, signIn] = rows(
      shown(asked({ action: 'allow' }), asked({ kind: 'payment', action: 'allow' }), finished, {
        ...{ type: 'login.refused', reference: 'B', code: 'risk.denied', outcome: 'refused' },
      }),
    )
    expect(payment).toContain('Sign-in finished')
    expect(signIn).toContain('It went on')
  })
  test('the newest first, and no more than a few', () => {
    const page = shown(...[1, 2, 3, 4, 5, 6, 7].map((n) => asked({ kind: `kind-${n}` }, String(n))))
    expect(rows(page).map((row) => /kind-\d/.exec(row)?.[0])).toEqual([7, 6, 5, 4, 3].map((n) => `kind-${n}`))
  })
  test('what an engine is called is text', () => {
    expect(shown(asked({ providers: ['<b>: allow'] }))).toContain('&lt;b&gt;')
  })
})
