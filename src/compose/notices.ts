// The sender of logout notices: every node has one, and each row is taken by one of them.
import { issuerOf } from '../domain/institution.ts'
import { createNoticeDelivery } from '../flows/logout-notices.ts'
import { logoutToken } from '../oidc/logout-token.ts'
import { pairwiseOf } from '../oidc/pairwise.ts'
import { createNoticeSender } from '../plugins/relying-parties/notices.ts'
import { startBackground } from './background.ts'
import type { Foundation, Stores } from './foundation.ts'

const everyMs = 1000
const timeoutMs = 5000

/** Starts sending; `stop` waits for what is under way. */
export function startNotices(base: Foundation, stores: Stores): { stop(): Promise<void> } {
  const { config, keys, clock, log, pace } = base
  const deliver = createNoticeDelivery({
    ...base,
    ...stores,
    send: createNoticeSender(timeoutMs),
    logoutToken: async (notice) => {
      const institution = await stores.directory.institution(notice.institution)
      if (!institution) throw new Error('the institution is gone')
      const subject = await pairwiseOf({ ...base, ...stores }, institution.id)(
        undefined,
        notice.subject,
        notice.relyingParty,
      )
      const issuer = issuerOf(institution, config.publicUrl)
      return logoutToken({ keys, now: clock.now }, issuer, { ...notice, subject })
    },
  })
  const pass = async () => {
    for (const { id } of await stores.directory.institutions()) await deliver(id)
  }
  return startBackground({ name: 'notices', everyMs: everyMs / pace, pass }, log)
}
