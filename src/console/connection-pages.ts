// The pages of connections, each hung up by its own file.
import { connectionEdit } from './connection-edit.ts'
import { connectionEndings } from './connection-endings.ts'
import { connectionHistory } from './connection-history.ts'
import { connectionKeys } from './connection-keys.ts'
import { connectionList } from './connection-list.ts'
import { connectionLogo } from './connection-logo.ts'
import { connectionNew } from './connection-new.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { connectionReadAgain } from './connection-read-again.ts'
import { connectionSteps } from './connection-steps.ts'
import { connectionTests } from './connection-tests.ts'
import type { Desk } from './desk.ts'
import { keyCertificate } from './key-certificate.ts'

export function connectionPages(desk: Desk, ports: ConnectionPagePorts): void {
  connectionList(desk, ports)
  // Before the page of a connection: `new` is no id.
  connectionNew(desk, ports)
  connectionSteps(desk, ports)
  connectionEndings(desk, ports)
  connectionEdit(desk, ports)
  connectionReadAgain(desk, ports)
  connectionTests(desk, ports)
  connectionHistory(desk, ports)
  connectionKeys(desk, ports)
  keyCertificate(desk, ports)
  connectionLogo(desk, ports)
}
