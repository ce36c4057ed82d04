// Whom a text message reaches: by the bank's own record alone.
import type { Channels } from '../ports/channel.ts'
import type { Directory, Subjects } from '../ports/stores.ts'

export type CanText = ReturnType<typeof createCanText>

export interface CanTextPorts {
  readonly channels: Pick<Channels, 'of'>
  readonly directory: Pick<Directory, 'institution'>
  readonly subjects: Pick<Subjects, 'claims'>
}

/** Has the bank a number of this customer, and a channel to it? Nobody's own word about their number counts (ruling R-33). */
export function createCanText({ channels, directory, subjects }: CanTextPorts) {
  return async function canText(id: string, subject: string): Promise<boolean> {
    const institution = await directory.institution(id)
    if (institution === undefined || channels.of(institution, 'sms') === undefined) return false
    const number = (await subjects.claims(id, subject))?.phone_number
    return typeof number === 'string' && number !== ''
  }
}
