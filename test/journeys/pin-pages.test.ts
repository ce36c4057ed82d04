// What a customer can read out when a PIN is not taken: each page names its code, and the one before it names none.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { atIdp, enrolled, pin } from './customer.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(() => bridge.stop())

/** The code among the details for support, and in them alone. */
function codeFor(body: string): string | undefined {
  const details = /<details class="more"><summary>[^<]+<\/summary>([\s\S]*?)<\/details>/.exec(body)?.[1] ?? ''
  const codes = [...details.matchAll(/<code>([a-z_]+\.[a-z_]+)<\/code>/g)].map(([, code]) => code)
  expect(codes.length).toBeLessThan(2)
  return codes[0]
}

test('a malformed, a wrong and a locked PIN are pages that name their code; none repeats what was typed', async () => {
  const who = await enrolled(bridge, 'bob')
  // The IdP knows the browser from the enrolment, and asks nothing: this is our own page.
  const { page } = await atIdp(who, { acr_values: 'urn:drawbridge:acr:device-pin' })
  expect([page.body.includes('name="pin"'), codeFor(page.body)]).toEqual([true, undefined])
  const { action, fields } = formIn(page)
  const typed = async (value: string) => {
    const { status, body } = await who.browser.go(action, { ...fields, pin: value, do: 'approve' })
    expect(body).not.toContain(value)
    return [status, codeFor(body), body.includes('name="pin"')]
  }
  expect(await typed('12a456')).toEqual([400, 'pin.format', true])
  expect(await typed('91028')).toEqual([400, 'pin.format', true])
  for (let i = 0; i < 4; i += 1) expect(await typed(`91028${i}`)).toEqual([400, 'pin.wrong', true])
  expect(await typed('910284')).toEqual([423, 'pin.locked', false])
  // Locked is locked, whatever comes now.
  expect(await typed(pin)).toEqual([423, 'pin.locked', false])
})

test('a page of an error names its code, with the reference to read out', async () => {
  const response = await fetch(`${bridge.issuer}/interaction/nothing-of-ours`, {
    headers: { accept: 'text/html' },
  })
  const body = await response.text()
  expect(codeFor(body)).toBe('interaction.foreign')
  expect(body).toMatch(/<span class="ref">DB-[A-Z0-9]{4}-[A-Z0-9]{4}<\/span>/)
})
