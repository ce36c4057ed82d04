// Looking at a page as people with different eyes and screens do: axe, width, and pictures for a person to look at.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const shots = join(import.meta.dirname, '../screenshots')

const phone = { kind: 'phone', width: 390, height: 844 } as const
const desktop = { kind: 'desktop', width: 1280, height: 900 } as const

// Together these two see every size and every colour; `SCREENSHOTS=all` takes pictures of all four.
const looks = [
  { scheme: 'dark', ...phone },
  { scheme: 'light', ...desktop },
] as const
const others = [
  { scheme: 'light', ...phone },
  { scheme: 'dark', ...desktop },
] as const

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What of the criteria can turn out otherwise where only the colours and the width are others. */
const appearance = ['color-contrast', 'target-size', 'scrollable-region-focusable']

/** WCAG 2.2 AA by axe; of a page that was judged before in other colours, what depends on them. */
export async function accessible(page: Page, seen: 'first' | 'again' = 'first'): Promise<void> {
  // One call into the page: no page of ours has a frame from another origin.
  const axe = new AxeBuilder({ page }).setLegacyMode()
  const { violations, passes } = await (seen === 'first'
    ? axe.withTags(tags)
    : axe.withRules(appearance)
  ).analyze()
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`)).toEqual([])
  expect(passes.map((p) => p.id)).toContain('color-contrast')
}

/** A picture for people to look at, taken where `SCREENSHOTS=all` asks for it; no test reads one. */
export async function picture(page: Page, name: string, how = { fullPage: true }): Promise<void> {
  if (process.env.SCREENSHOTS !== 'all') return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`), ...how })
}

/** Pictures on both kinds of screen, in both colours; the page stands as the last of `looks` afterwards. */
export async function pictures(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS !== 'all') return
  for (const { scheme, kind, width, height } of [...others, ...looks]) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height })
    await picture(page, `${name}-${kind}-${scheme}`)
  }
}

/** Axe says nothing, and nothing is wider than the window, on a phone and a desktop. */
export async function looked(page: Page, name: string): Promise<void> {
  await pictures(page, name)
  for (const [n, { scheme, kind, width, height }] of looks.entries()) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(wide, `${name} on a ${kind}`).toBeLessThanOrEqual(0)
    await accessible(page, n === 0 ? 'first' : 'again')
  }
}
