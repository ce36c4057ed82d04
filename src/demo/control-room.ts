// The control room: what the phone did, what the IdP answered, what was decided, what was sent, what was recorded.
import type Router from '@koa/router'
import type { AuditLog } from '../ports/audit-log.ts'
import type { Scene } from './scene.ts'

export interface ControlRoomOptions {
  readonly world: string
  readonly issuer: string
  readonly scene: Scene
  readonly trusted: readonly string[]
  readonly idpCertificate: string
  readonly audit: AuditLog
}

export function controlRoomRoutes(_router: Router, _options: ControlRoomOptions): void {}
