// One colour of the bank, contrast that always suffices.
import { describe, expect, test } from 'vitest'
import { asset, brandAsset, cacheControlOf, stylesheets } from '../../src/http/page/assets.ts'
import { brandCss, brandOf, contrast, surfaces } from '../../src/http/page/brand.ts'

const sheet = asset('drawbridge.css')!.body.toString()

const hex = (channel: number) => channel.toString(16).padStart(2, '0')

/** Every 15th value of each channel: 5,832 colours, black and white among them. */
function* colours(): Generator<string> {
  for (let r = 0; r <= 255; r += 15)
    for (let g = 0; g <= 255; g += 15) for (let b = 0; b <= 255; b += 15) yield `#${hex(r)}${hex(g)}${hex(b)}`
}

test('the WCAG formula gives its known values', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  expect(contrast('#13202a', '#f2f5f5')).toBeCloseTo(15.11, 2)
})

describe('any accent', () => {
  test('keeps every ratio that the look promises', () => {
    const worst = { label: 21, hover: 21, lightText: 21, darkText: 21, darkSunken: 21, darkEdge: 21 }
    const least = (name: keyof typeof worst, value: number) => {
      worst[name] = Math.min(worst[name], value)
    }
    for (const colour of colours()) {
      const { light, dark } = brandOf(colour)
      for (const scheme of [light, dark]) {
        least('label', contrast(scheme.on, scheme.accent))
        least('hover', contrast(scheme.on, scheme.hover))
      }
      for (const ground of Object.values(surfaces.light)) least('lightText', contrast(light.text, ground))
      for (const ground of [surfaces.dark.card, surfaces.dark.page]) {
        least('darkText', contrast(dark.text, ground))
        least('darkEdge', contrast(dark.accent, ground))
      }
      least('darkSunken', contrast(dark.text, surfaces.dark.sunken))
    }
    expect(worst.label).toBeGreaterThanOrEqual(4.58)
    expect(worst.hover).toBeGreaterThanOrEqual(5.01)
    expect(worst.lightText).toBeGreaterThanOrEqual(4.5)
    expect(worst.darkText).toBeGreaterThanOrEqual(6)
    expect(worst.darkSunken).toBeGreaterThan(5.17)
    expect(worst.darkEdge).toBeGreaterThanOrEqual(3)
  })

  test('becomes what the sample shows', () => {
    expect(brandOf('#0f6b52')).toEqual({
      light: { accent: '#0f6b52', hover: '#0d5c47', on: '#ffffff', text: '#0f6b52' },
      dark: { accent: '#227760', hover: '#1d6653', on: '#ffffff', text: '#74a99b' },
    })
  })

  test.each(['0f6b52', '#0f6', 'red', '#0f6b52; } body { display: none', ''])(
    'is #rrggbb and not %j',
    (bad) => {
      expect(() => brandCss(bad)).toThrow(RangeError)
    },
  )
})

test('the surfaces are those that the stylesheet paints', () => {
  const tokens = (name: string) =>
    [...sheet.matchAll(new RegExp(`--${name}: (#[0-9a-f]+)`, 'g'))].map(([, value = '']) =>
      value.length === 4 ? value.replace(/[0-9a-f]/g, '$&$&') : value,
    )
  for (const name of ['card', 'page', 'sunken'] as const) {
    expect(tokens(name)).toEqual([surfaces.light[name], surfaces.dark[name]])
  }
  expect(sheet).toMatch(/^@layer reset, tokens, brand, base/m)
})

describe('an asset', () => {
  test('is found by its exact name and by nothing else', () => {
    expect(asset('pages.css')?.type).toBe('text/css; charset=utf-8')
    for (const name of [
      '',
      '../page/assets.ts',
      'drawbridge.css/',
      '__proto__',
      'constructor',
      'DRAWBRIDGE.CSS',
    ]) {
      expect(asset(name)).toBeUndefined()
    }
  })

  test('may be kept for good only under the version that pages ask for', () => {
    const brand = brandAsset('#0f6b52')
    const href = stylesheets('/alder', '#0f6b52').find((address) => address.includes('brand.css'))!
    const version = new URL(href, 'https://x').searchParams.get('v')!
    expect(version).toBe(brand.version)
    expect(cacheControlOf(brand, version)).toContain('immutable')
    expect(cacheControlOf(brand, 'old')).not.toContain('immutable')
    expect(cacheControlOf(brand, undefined)).not.toContain('immutable')
    expect(brandAsset('#102030').version).not.toBe(brand.version)
    expect(brand.etag).toBe(`"${version}"`)
  })
})
