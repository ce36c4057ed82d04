// Push to the customer's own devices, by the outbox that they fetch from: the handle goes, and nothing that it is about.
import { z } from 'zod'
import type { ChannelPlugin } from '../../ports/channel.ts'
import type { DeviceMessages } from '../../ports/device-messages.ts'
import { checkSettings } from '../settings.ts'

const settings = z.strictObject({})

export function pushChannel({
  deviceMessages,
}: {
  readonly deviceMessages: Pick<DeviceMessages, 'put'>
}): ChannelPlugin {
  return {
    type: 'push',
    kind: 'push',
    addressed: 'device',
    costs: false,
    check: (given) => checkSettings(settings, given),
    open: () => ({
      async send({ institution, id, purpose, handle, address, sentAt, expiresAt }) {
        if (address.kind !== 'device') throw new Error('a push goes to a device')
        await deviceMessages.put(institution, address.device, { id, purpose, handle, sentAt, expiresAt })
        return { outcome: 'sent' }
      },
    }),
  }
}
