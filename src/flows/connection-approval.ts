// What a step asks of whoever takes it, before it is taken: judged against what customers last signed in by.
import { fieldChanges, needsTest } from '../domain/connection.ts'
import {
  type Approval,
  activationAgain,
  approvalOf,
  firstActivation,
  nothingAsked,
} from '../domain/connection-approval.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import type { ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import { contentOfRecord } from './connections.ts'

export interface ConnectionApprovalPorts {
  readonly connectionStore: Pick<ConnectionStore, 'versions'>
}

export type ConnectionApproval = ReturnType<typeof createConnectionApproval>

export function createConnectionApproval({ connectionStore }: ConnectionApprovalPorts) {
  return {
    /**
     * Of the tested connection, or of the proposal of an active one. One that was switched off and changed meanwhile is
     * held against what it was: a detour must not lead around the permission.
     */
    async toActivate(record: ConnectionRecord): Promise<Approval> {
      const present = contentOfRecord(record)
      if (record.proposal !== undefined) {
        const { content } = record.proposal
        return approvalOf(fieldChanges(present, content, []), [present, content])
      }
      const versions = await connectionStore.versions(record.institution, record.id)
      const live = versions.find(({ state, change }) => state === 'active' && change !== 'proposed')
      return live === undefined
        ? firstActivation(present)
        : activationAgain(fieldChanges(live.content, present, []), [live.content, present])
    },
    /** Saving reaches customers at once where it needs no test: such a change is judged like an activation. */
    toSave(record: ConnectionRecord, content: ConnectionContent): Approval {
      const present = contentOfRecord(record)
      const changes = fieldChanges(present, content, [])
      return record.state === 'active' && !needsTest(changes)
        ? approvalOf(changes, [present, content])
        : nothingAsked
    },
  }
}
