// xs:dateTime as SAML writes it (SAML Core 1.3.3: always UTC).

/** Epoch milliseconds; undefined for anything but a real instant with a zone of `Z`. */
export function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)) return undefined
  const at = Date.parse(text)
  // Date.parse turns 30 February into 2 March; what is not read back as written is no date.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== text.slice(0, 19) ? undefined : at
}

/** An instant as SAML writes it. */
export const samlInstant = (at: number): string => new Date(at).toISOString()
