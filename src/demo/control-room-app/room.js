// Keeps the control room current: audit events as they come, panes when something in them changed.
const timeline = document.querySelector('.p-audit .timeline')
let waiting

async function renew() {
  const response = await fetch('/panes')
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  for (const pane of fresh.querySelectorAll('#finding, [id^="pane-"]'))
    document.getElementById(pane.id)?.replaceWith(pane)
}

function later() {
  clearTimeout(waiting)
  waiting = setTimeout(() => renew().catch(() => undefined), 250)
}

const events = new EventSource('/events')
events.addEventListener('changed', later)
events.addEventListener('audit', (message) => {
  const { words, outcome, at } = JSON.parse(message.data)
  const item = document.createElement('li')
  item.className = outcome === 'ok' ? 'ok' : 'bad'
  const strong = document.createElement('strong')
  strong.textContent = words
  const time = document.createElement('time')
  time.dateTime = at
  time.textContent = at.slice(11, 23)
  item.append(strong, time)
  timeline.append(item)
  while (timeline.children.length > 14) timeline.firstElementChild.remove()
  later()
})
