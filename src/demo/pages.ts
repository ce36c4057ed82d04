// What the demo's own pages share: the bank's look, headers that allow their scripts and nothing else, their files.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { asset, brandAsset } from '../http/page/assets.ts'
import { pageHeaders } from '../http/security-headers.ts'

export const bank = { name: 'Alder Bank', accent: '#0f6b52' }

/** A page with scripts of our own origin, which may fetch from these origins besides. */
export function showPage(
  ctx: Context,
  body: string,
  rules: { connect?: readonly string[]; formActions?: readonly string[] } = {},
): void {
  const { connect = [], formActions = [] } = rules
  ctx.set(pageHeaders({ formActions, https: false, ownScripts: { connect } }))
  ctx.type = 'html'
  ctx.body = body
}

const scripts: Readonly<Record<string, string>> = {
  'phone.js': 'phone-app/app.js',
  'bridge.js': 'phone-app/bridge.js',
  'keys.js': 'phone-app/keys.js',
  'approvals.js': 'phone-app/approvals.js',
  'approvals-screen.js': 'phone-app/approvals-screen.js',
  'shop.js': 'shop-app/shop.js',
  'room.js': 'control-room-app/room.js',
}

/** The stylesheets of the page kit, and the demo's own modules. */
export function assetRoutes(router: Router): void {
  router.get('/assets/:name', (ctx) => {
    const name = ctx.params.name as string
    const found = name === 'brand.css' ? brandAsset(bank.accent) : asset(name)
    if (!found) return
    ctx.type = found.type
    ctx.body = found.body
  })
  router.get('/demo/:name', (ctx) => {
    const name = ctx.params.name as string
    const file = Object.hasOwn(scripts, name) ? scripts[name] : undefined
    if (file === undefined) return
    ctx.type = 'text/javascript'
    ctx.set('Cache-Control', 'no-store')
    ctx.body = readFileSync(join(import.meta.dirname, file))
  })
}
