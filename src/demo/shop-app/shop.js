// The shop's waiting page: asks the shop now and then whether the answer is there, and shows the page anew once it is.
async function look() {
  if (document.hidden) return
  const answer = await fetch(`${location.pathname}/state`).catch(() => undefined)
  if (answer?.ok && (await answer.json()).state !== 'waiting') location.reload()
}

if (document.querySelector('[data-state="waiting"]') !== null) setInterval(look, 2000)
