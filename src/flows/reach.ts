// Word to a customer on every channel that their institution has: owed by the unit that says so.
import type { Institution } from '../domain/institution.ts'
import type { Channels } from '../ports/channel.ts'
import { channelKinds, type Deliveries, type Delivery } from '../ports/deliveries.ts'

export interface ReachPorts {
  readonly channels: Pick<Channels, 'of'>
  readonly deliveries: Deliveries
}

/** What is said, whichever way it goes. */
export type Word = Omit<Delivery, 'institution' | 'kind'>

export type Reach = ReturnType<typeof createReach>

export function createReach({ channels, deliveries }: ReachPorts) {
  /** By these kinds of channel, those that the institution has; inside a unit. */
  return async function reach(
    institution: Institution,
    word: Word,
    kinds: readonly Delivery['kind'][] = channelKinds,
  ): Promise<void> {
    for (const kind of kinds) {
      if (channels.of(institution, kind) === undefined) continue
      await deliveries.enqueue({ ...word, institution: institution.id, kind })
    }
  }
}
