// The phone: an app as a web page, an OIDC client of its own with a key that cannot leave the browser.
import type Router from '@koa/router'
import type { Scene } from './scene.ts'

export interface PhoneOptions {
  readonly world: string
  readonly issuer: string
  readonly scene: Scene
}

export function phoneRoutes(_router: Router, _options: PhoneOptions): void {}
