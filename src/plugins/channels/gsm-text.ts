// Which texts an SMS carries in the alphabet of GSM (3GPP TS 23.038 6.2.1); any other needs UCS-2.

const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extended = '\f^{}\\[~]|€'
const alphabet: ReadonlySet<string> = new Set(basic + extended)

export const isGsmText = (text: string): boolean => [...text].every((letter) => alphabet.has(letter))
