// Somebody of the bank's comes into the console in a real browser, by a link of an invitation and the staff's own sign-in.
import type { Page } from 'playwright-core'

/** Opens the link, and comes in; resolves on the overview. */
export async function join(page: Page, link: string | undefined, who = 'alice'): Promise<void> {
  await page.goto(link as string)
  await comeIn(page, who)
}

/** From the page of the link. The IdP's pages on the way have headings of their own, so that the address is waited for. */
export async function comeIn(page: Page, who = 'alice'): Promise<void> {
  await page.getByRole('button', { name: 'Sign in and join' }).click()
  await page.getByLabel('User name').fill(who)
  await page.getByLabel('Password').fill(`${who}-pw`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/console$/)
}
