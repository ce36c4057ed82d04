// The script of a page that waits: it asks us how things stand, and leads on by itself. Without it a button does the same.

/** Looks every two seconds at `asks`, until that says something else than `waiting`; a page that nobody looks at rests. */
export const waitingScript = (asks: string): string => `
const look = async () => {
  if (document.hidden) return
  const answer = await fetch(${JSON.stringify(asks)}, { headers: { accept: 'application/json' } }).catch(() => undefined)
  if (answer === undefined || !answer.ok) return
  const { state } = await answer.json()
  if (state !== 'waiting') location.replace(location.href)
}
setInterval(look, 2000)
`
