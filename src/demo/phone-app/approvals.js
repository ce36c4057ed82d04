// Approvals: the phone's second key, what waits for its owner, and the answers that the key signs.
import { issuer, json, refresh, tokens } from './bridge.js'
import { appKey, approvalKey, random, signed, thumbprint } from './keys.js'

const seconds = () => Math.floor(Date.now() / 1000)

/** Of the device that this browser is; it stays when tokens go. */
const device = () => localStorage.getItem('device')

/** Has this phone an approval key, as far as it knows itself? */
export const isSetUp = () => device() !== null && localStorage.getItem('approves') === device()

/** May the tokens that this tab has list and answer? */
export const mayApprove = () =>
  tokens() !== null &&
  tokens().acr !== 'urn:drawbridge:acr:delegated' &&
  tokens().scope.split(' ').includes('approvals')

/** Does it once more where the token was over: this page stays open for longer than a token lives. */
async function asked(...call) {
  const { access } = tokens()
  try {
    return await json(...call)
  } catch (error) {
    if (error.code !== 'token.invalid') throw error
    if (tokens().access === access) await refresh()
    return json(...call)
  }
}

/** Registers the second key: it proves itself, and says whose it is and beside which first key. */
export async function setUp(pin) {
  const { jwk } = await approvalKey()
  const payload = {
    aud: issuer,
    sub: device(),
    device_jkt: await thumbprint((await appKey()).jwk),
    jti: random(16),
    iat: seconds(),
  }
  const proof = await signed({ typ: 'drawbridge-approval-key+jwt' }, payload, approvalKey)
  await asked('PUT', `/devices/${device()}/approval-key`, { value: { jwk, proof, pin } })
  localStorage.setItem('approves', device())
}

export const waiting = async () => (await asked('GET', '/approvals')).approvals

/** Signs what was given, letter by letter, with what the customer adds. */
export async function approve({ id, to_sign: { typ, claims } }, { number, pin }) {
  const added = { answer: 'approve', ...(number && { number }), iat: seconds(), jti: random(16) }
  const proof = await signed({ typ }, { ...claims, ...added }, approvalKey)
  return asked('POST', `/approvals/${id}`, { value: { answer: 'approve', proof, ...(pin && { pin }) } })
}

/** `deny`, or `report`: "this wasn't me". */
export const refuse = ({ id }, answer) => asked('POST', `/approvals/${id}`, { value: { answer } })

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const shown = () =>
  document.hidden
    ? new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }))
    : undefined

/** Waits until there may be news; `after` is where we are in the messages, undefined where the bridge keeps none. */
async function news(after) {
  if (after === undefined) return void (await pause(3000))
  try {
    const answer = await asked('GET', `/messages?${new URLSearchParams({ after, wait: '25' })}`)
    return answer.cursor
  } catch (error) {
    if (error.status !== 404) throw error
    return undefined
  }
}

/** Tells `found` what waits, again and again while somebody looks at the page, until it answers `false`. */
export async function watch(found) {
  let after = '0'
  for (;;) {
    await shown()
    try {
      if ((await found(await waiting())) === false) return
      after = await news(after)
    } catch (error) {
      if ((await found(undefined, error)) === false) return
      await pause(3000)
    }
  }
}
