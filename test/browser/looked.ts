// Looking at a page as people with different eyes and screens do: axe, width, and pictures for a person to look at.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const shots = join(import.meta.dirname, '../screenshots')

const phone = { kind: 'phone', width: 390, height: 844 } as const
const desktop = { kind: 'desktop', width: 1280, height: 900 } as const

// Together these two see every size and every colour. `SCREENSHOTS=all` takes the other two pictures as well.
const looks = [
  { scheme: 'dark', ...phone },
  { scheme: 'light', ...desktop },
] as const
const others = [
  { scheme: 'light', ...phone },
  { scheme: 'dark', ...desktop },
] as const

export async function accessible(page: Page): Promise<void> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
}

/** Axe says nothing, and nothing is wider than the window; the pictures are in test/screenshots. */
export async function looked(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true })
  for (const { scheme, kind, width, height } of [
    ...(process.env.SCREENSHOTS === 'all' ? others : []),
    ...looks,
  ]) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width, height })
    await page.screenshot({ path: join(shots, `${name}-${kind}-${scheme}.png`), fullPage: true })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    expect(wide, `${name} on a ${kind}`).toBeLessThanOrEqual(0)
    await accessible(page)
  }
}
