// The phone's screen: what each press does, in words.
import { isSetUp, mayApprove, setUp, watch } from './approvals.js'
import { createList } from './approvals-screen.js'
import {
  askedLevel,
  balance,
  client,
  comeBack,
  enrol,
  isTried,
  messages,
  pay,
  paymentDetails,
  refresh,
  signIn,
  signOut,
  tokens,
} from './bridge.js'

const part = (id) => document.getElementById(id)

const levels = {
  'urn:drawbridge:acr:delegated': 'Signed in with your password',
  'urn:drawbridge:acr:device': 'Signed in on your own phone',
  'urn:drawbridge:acr:device-pin': 'Signed in on your own phone, with your PIN',
}

function show() {
  const held = tokens()
  part('out').hidden = held !== null
  part('in').hidden = held === null
  if (held === null) return
  part('level').textContent = levels[held.acr] ?? held.acr
  const may = (scope) => held.scope.split(' ').includes(scope)
  part('enrol').hidden = held.acr !== 'urn:drawbridge:acr:delegated' || !may('device')
  part('pays').hidden = held.acr === 'urn:drawbridge:acr:delegated' || !may('core:payments')
  part('use').hidden = isSetUp() || !mayApprove()
  part('waits').hidden = !isSetUp() || !mayApprove()
}

/** Says what happened, here and in the control room; a code stands small behind the words. */
function say(step, what, outcome = 'ok') {
  const { words, code } = typeof what === 'string' ? { words: what } : what
  const said = part('said')
  said.className = `notice ${outcome === 'ok' ? 'ok' : 'warn'}`
  said.hidden = false
  said.querySelector('span').textContent = words
  said.querySelector('small').textContent = code === undefined ? '' : `(${code})`
  const text = code === undefined ? words : `${words} (${code})`
  const report = JSON.stringify({ step, text, outcome })
  fetch('/phone/report', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: report,
  }).catch(() => undefined)
}

const euros = (amount) => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(amount)

/** Pays; when the bank wants a stronger sign-in for it, gets that and comes back to this very call. */
async function payment(amount, again = false) {
  const answer = await pay(amount)
  if (answer.status === 200)
    return say('pay', `${euros(amount)} to Nordhaven Energy: ${answer.value('status')}.`)
  const acr = askedLevel(answer.challenge)
  if (acr === undefined || again)
    return say('pay', `The payment was not made. ${answer.fault} (${answer.code})`, 'refused')
  say('step-up', `${euros(amount)} needs your PIN. Your bank asks for it now.`, 'refused')
  await signIn(
    { step: 'pay', amount },
    { acr_values: acr, authorization_details: JSON.stringify([paymentDetails(amount)]) },
  )
}

const kinds = {
  approval: 'Your bank asks for your approval.',
  code: 'Your bank has sent you a code.',
  notice: 'Your bank has news for you.',
}

/** Word from the bank stands beside what the customer does here, and never in its place. */
function tell(words) {
  part('news').hidden = false
  part('news').textContent = words
}

let listening

/** Waits for messages as long as this phone is the customer's; they say that there is something, and no more. */
async function listen() {
  listening?.abort()
  listening = new AbortController()
  const { signal } = listening
  let after = '0'
  while (!signal.aborted && tokens() !== null) {
    try {
      const answer = await messages(after, signal)
      after = answer.cursor
      for (const { purpose } of answer.messages) tell(kinds[purpose] ?? kinds.notice)
    } catch {
      // The phone sleeps, or its session is over: the next sign-in listens again.
      return
    }
  }
}

const isOwnPhone = ({ acr, scope }) =>
  acr !== 'urn:drawbridge:acr:delegated' && scope.split(' ').includes('device')

const presses = {
  'sign-in': () => signIn({ step: 'sign-in' }),
  small: () => payment('25.00'),
  large: () => payment('1240.00'),
  async balance() {
    const answer = await balance()
    if (answer.status === 200) say('balance', `You have ${euros(answer.value('balance'))}.`)
    else say('balance', `${answer.fault} (${answer.code})`, 'refused')
  },
  async refresh() {
    // What waits with the old token would be told that it is no longer good.
    listening?.abort()
    await refresh()
    if (isOwnPhone(tokens())) listen()
    say('refresh', 'Your session was renewed. The old token is no longer good.')
  },
  'sign-out'() {
    listening?.abort()
    return signOut()
  },
}

const list = createList((...what) => say(...what))

/** This phone has no key any more, as the bank has it: another may be made. */
const lost = ['approval.no_key', 'device.unknown']
/** No use to ask again before something else was done; what a refresh is refused with has no code of ours. */
const isOver = ({ code, error }) =>
  error !== undefined || [...lost, 'approval.key_fresh', 'token.invalid', 'token.scope'].includes(code)

let watching = false

/** Looks for what waits, for as long as this tab may answer it. */
async function look() {
  if (watching || !isSetUp() || !mayApprove()) return
  watching = true
  let told
  await watch((questions, error) => {
    if (questions !== undefined) list.show(questions)
    // A bank that cannot be reached for a while is told of once.
    if (error !== undefined && error.message !== told)
      say('approvals', { words: error.message, code: error.code }, 'refused')
    told = error?.message
    if (lost.includes(error?.code)) localStorage.removeItem('approves')
    const goesOn = (error === undefined || !isOver(error)) && isSetUp() && mayApprove()
    if (!goesOn) list.clear()
    show()
    return goesOn
  })
  watching = false
}

async function guarded(step, work) {
  try {
    await work()
  } catch (error) {
    say(step, { words: error.message, code: error.code }, 'refused')
  }
  show()
  look()
}

for (const button of document.querySelectorAll('[data-press]')) {
  button.addEventListener('click', () => guarded(button.dataset.press, presses[button.dataset.press]))
}

part('enrol').addEventListener('submit', (event) => {
  event.preventDefault()
  guarded('enrol', async () => {
    await enrol(part('name').value, part('pin').value)
    part('pin').value = ''
    say('enrol', 'This phone is yours now. Sign in again to use it.')
    part('again').hidden = false
  })
})

part('use').addEventListener('submit', (event) => {
  event.preventDefault()
  guarded('approvals', async () => {
    const { value } = part('use-pin')
    part('use-pin').value = ''
    try {
      await setUp(value)
      say('approvals', 'This phone answers for you from now on.')
    } catch (error) {
      if (error.code !== 'login.too_old') throw error
      await signIn({ step: 'approvals' }, { prompt: 'login' })
    }
  })
})

part('tried').hidden = !isTried
part('tried-app').textContent = client

await guarded('sign-in', async () => {
  const after = await comeBack()
  if (after?.step === 'sign-in') say('sign-in', levels[tokens().acr] ?? 'Signed in')
  if (after?.step === 'approvals') say('approvals', 'Signed in anew. Now type your PIN below.')
  if (after?.step === 'pay') await payment(after.amount, true)
})
if (tokens() !== null && isOwnPhone(tokens())) listen()
document.body.dataset.ready = 'yes'
