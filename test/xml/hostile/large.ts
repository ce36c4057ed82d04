// The dearest message that may pass the gate, near its limits: what a bomb is compared with.
export const largestHonest = `<a>${'<b c="12345678" d="12345678">xxxxxxxxxxxxxxxx</b>'.repeat(1900)}</a>`
