// What waits for the customer, as they read it and answer it. Every word of it is text: none is ever read as markup.
import { approve, refuse } from './approvals.js'

const part = (id) => document.getElementById(id)

/** An element with its class, attributes and content. */
function made(tag, { text, ...attributes } = {}, ...content) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (text !== undefined) element.textContent = text
  element.append(...content)
  return element
}

const noted = ({ note }) => (note === undefined ? [] : [' ', made('span', { class: 'letters', text: note })])

/** The question: what is asked, and the facts that decide. */
function heading({ title, rows }, id) {
  const facts = rows.filter((row) => row.prominent)
  return made(
    'h3',
    { class: 'question', id },
    made('span', { class: 'lead', text: title }),
    ...facts.map((row) =>
      made(
        'span',
        { class: row.kind === 'money' ? 'amount' : 'to' },
        made('span', { class: 'of', text: row.label }),
        ' ',
        made('bdi', { text: row.value }),
        ...noted(row),
      ),
    ),
  )
}

function value(row) {
  if (row.kind !== 'list') return made('bdi', { text: row.value })
  const items = row.value.split('\n').map((item) => made('li', {}, made('bdi', { text: item })))
  return made('ul', { class: 'items' }, ...items)
}

const fact = (label, ...content) => made('div', {}, made('dt', { text: label }), made('dd', {}, ...content))

/** Until when; the time itself, and no clock that runs. */
function until(expires) {
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const minutes = Math.max(1, Math.round((Date.parse(expires) - Date.now()) / 60_000))
  return `${time.format(new Date(expires))}, about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} left`
}

function facts({ display, expires_at: expires }) {
  const rows = display.rows.filter((row) => !row.prominent)
  return made(
    'dl',
    { class: 'kv' },
    ...rows.map((row) => fact(row.label, value(row), ...noted(row))),
    fact('Answer by', until(expires)),
  )
}

/** A row of digits to type. */
function digits({ id, label, hint, ...attributes }, size = '') {
  const input = made('input', { id, inputmode: 'numeric', required: '', ...attributes })
  if (hint !== undefined) input.setAttribute('aria-describedby', `${id}-hint`)
  return made(
    'div',
    { class: 'field' },
    made('label', { for: id, text: label }),
    made('div', { class: `digits${size}` }, input),
    ...(hint === undefined ? [] : [made('p', { class: 'hint', id: `${id}-hint`, text: hint })]),
  )
}

const number = (id) =>
  digits(
    {
      ...{ id, name: 'number', label: 'The number that is shown where this began' },
      ...{ pattern: '[0-9]{2}', maxlength: '2', autocomplete: 'off' },
      hint: 'Never type a number that somebody reads to you.',
    },
    ' n2',
  )

const pin = (id) =>
  digits({
    ...{ id, name: 'pin', type: 'password', label: 'Your PIN', pattern: '[0-9]{6}', maxlength: '6' },
    autocomplete: 'current-password',
  })

function actions({ approve: words }) {
  const button = (style, answer, text, more = {}) =>
    made('button', { class: `btn${style}`, name: 'answer', value: answer, text, ...more })
  return made(
    'div',
    { class: 'actions' },
    button(' primary', 'approve', words),
    button('', 'deny', 'Don’t approve', { formnovalidate: '' }),
    button(' danger-quiet', 'report', 'This wasn’t me', { formnovalidate: '' }),
  )
}

/** One question as a form; `answered` gets what the customer pressed and typed. */
function card(question, answered) {
  const { id, display, language } = question
  const form = made(
    'form',
    { class: 'card stack-l', id: `a-${id}`, lang: language, 'aria-labelledby': `q-${id}` },
    heading(display, `q-${id}`),
    facts(question),
    ...(question.number_needed ? [number(`n-${id}`)] : []),
    ...(question.acr === 'urn:drawbridge:acr:device-pin' ? [pin(`p-${id}`)] : []),
    actions(display),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const typed = Object.fromEntries(new FormData(form))
    answered(question, { answer: event.submitter?.value ?? 'approve', typed, form })
  })
  return form
}

const done = {
  approve: 'You approved it. Whoever asked may go on.',
  deny: 'You did not approve it. Nothing was done.',
  report: 'Your bank knows that it wasn’t you. Nothing was done, and who asked was cut off.',
}

/** After these the same question can still be answered. */
const again = ['pin.wrong', 'pin.format', 'pin.locked', 'rate.exceeded', 'busy', 'approval.proof']

/** The list, which keeps what is being typed while others come and go. */
export function createList(say) {
  const cards = new Map()
  const drop = (id) => {
    const gone = cards.get(id)
    cards.delete(id)
    gone.remove()
    part('waits-none').hidden = cards.size > 0
  }
  const over = (id) => {
    drop(id)
    part('waits-title').focus()
  }
  async function answered(question, { answer, typed, form }) {
    const buttons = form.querySelectorAll('button')
    for (const button of buttons) button.disabled = true
    try {
      await (answer === 'approve' ? approve(question, typed) : refuse(question, answer))
      over(question.id)
      say(answer, done[answer], answer === 'approve' ? 'ok' : 'refused')
    } catch (error) {
      say(answer, { words: error.message, code: error.code }, 'refused')
      if (!again.includes(error.code)) return over(question.id)
      for (const button of buttons) button.disabled = false
      const field = form.elements.namedItem('pin')
      if (field === null) return
      field.value = ''
      field.focus()
    }
  }
  return {
    /** Those that wait now; each that is new is told of. */
    show(questions) {
      for (const id of cards.keys()) if (!questions.some((one) => one.id === id)) drop(id)
      for (const one of questions.filter(({ id }) => !cards.has(id))) {
        cards.set(one.id, card(one, answered))
        part('waits-list').append(cards.get(one.id))
        setTimeout(() => cards.has(one.id) && drop(one.id), Date.parse(one.expires_at) - Date.now())
        say('asked', `${one.requester.name} waits for your answer.`)
      }
      part('waits-none').hidden = cards.size > 0
    },
    clear: () => {
      for (const id of cards.keys()) drop(id)
    },
  }
}
