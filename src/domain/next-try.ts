// When an app that did not hear of something is told again, and when that is given up.

/** An app that is being restarted comes back within this; of one that does not the audit tells. */
const mostTries = 9
const firstWaitMs = 2000

/** Epoch milliseconds of the next try after `tries` that failed: 2, 4, 8 seconds and so on; undefined to give up. */
export function nextTry(tries: number, now: number): number | undefined {
  return tries >= mostTries ? undefined : now + firstWaitMs * 2 ** (tries - 1)
}
