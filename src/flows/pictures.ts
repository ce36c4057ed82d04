// Judging a picture that somebody brings: by what its bytes say first, then by decoding it.
import { brokenLogo, type LogoFault, logoFault, logoIn } from '../domain/logo.ts'
import type { Pictures } from '../ports/pictures.ts'

/** What does not hold of the picture in a `data:` address; undefined when it may be kept and shown. No unit should be open. */
export async function pictureFault(pictures: Pictures, text: string): Promise<LogoFault | undefined> {
  const fault = logoFault(text)
  const logo = logoIn(text)
  if (fault !== undefined || logo === undefined) return fault
  return (await pictures.decodes(logo)) ? undefined : brokenLogo
}
