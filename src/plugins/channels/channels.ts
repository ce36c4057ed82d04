// The channels by type, and those of each institution, opened once for as long as their rows stay the same.
import { type ChannelSetting, type Institution, issuerOf } from '../../domain/institution.ts'
import type { ChannelPlugin, Channels, OpenChannel } from '../../ports/channel.ts'

export interface ChannelsPorts {
  readonly plugins: readonly ChannelPlugin[]
  readonly publicUrl: string
}

export function createChannels({ plugins, publicUrl }: ChannelsPorts): Channels {
  const byType = new Map(plugins.map((plugin) => [plugin.type, plugin]))
  const kept = new Map<string, { readonly row: string; readonly open: OpenChannel }>()
  const open = (institution: Institution, { id, type, settings }: ChannelSetting) => {
    const plugin = byType.get(type)
    if (plugin === undefined) return undefined
    const key = `${institution.id}|${id}`
    const row = JSON.stringify([institution.host, type, settings])
    const known = kept.get(key)
    if (known?.row === row) return known.open
    const receipts = `${issuerOf(institution, publicUrl)}/channels/${id}/receipts`
    const channel = plugin.open({ institution, channel: id, settings, receipts })
    const opened = { id, plugin, channel }
    kept.set(key, { row, open: opened })
    return opened
  }
  return {
    plugins: () => plugins,
    of(institution, kind) {
      const setting = institution.channels?.find(({ type }) => byType.get(type)?.kind === kind)
      return setting && open(institution, setting)
    },
    named(institution, id) {
      const setting = institution.channels?.find((one) => one.id === id)
      return setting && open(institution, setting)
    },
  }
}
