// The files that pages load, from memory: a fixed list of names, so that no request ever names a path.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brandCss } from './brand.ts'

export interface Asset {
  readonly type: string
  readonly body: Buffer
  /** Quoted, as the ETag header wants it (RFC 9110 8.8.3). */
  readonly etag: string
  /** What pages write behind `?v=`: it changes with the content. */
  readonly version: string
}

const css = 'text/css; charset=utf-8'

function assetOf(type: string, body: Buffer): Asset {
  const version = createHash('sha256').update(body).digest('base64url').slice(0, 16)
  return { type, body, etag: `"${version}"`, version }
}

const styles = ['drawbridge.css', 'pages.css'] as const
const assets: ReadonlyMap<string, Asset> = new Map(
  styles.map((name) => [name, assetOf(css, readFileSync(new URL(`../assets/${name}`, import.meta.url)))]),
)

/** The asset of this name, without a path; undefined when there is none. `brand.css` is `brandAsset`'s. */
export const asset = (name: string): Asset | undefined => assets.get(name)

const brands = new Map<string, Asset>()

/** `brand.css` of an institution, from its accent `#rrggbb`; computed once a colour. */
export function brandAsset(accent: string): Asset {
  const known = brands.get(accent)
  if (known) return known
  const made = assetOf(css, Buffer.from(brandCss(accent)))
  // Colours come from institutions' rows; the bound is for a console that lets somebody play with them.
  if (brands.size >= 1000) brands.clear()
  brands.set(accent, made)
  return made
}

/** Cache-Control of an asset that was asked for with `?v=`: for good when the version is this one, else never unasked. */
export const cacheControlOf = (found: Asset, version: string | undefined): string =>
  version === found.version ? 'public, max-age=31536000, immutable' : 'public, no-cache'

/** The addresses of the stylesheets below an institution's path prefix; brand.css only where there is an accent. */
export function stylesheets(base: string, accent: string | undefined): string[] {
  const shared = styles.map((name) => `${base}/assets/${name}?v=${assets.get(name)?.version}`)
  return accent === undefined
    ? shared
    : [...shared, `${base}/assets/brand.css?v=${brandAsset(accent).version}`]
}
