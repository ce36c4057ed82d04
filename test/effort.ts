// What work takes, so that it can be compared with other work on the same machine, however slow or busy that is.

/** Milliseconds of the quickest of some runs: a busy machine interrupts one or another, hardly all. */
export function effortOf(work: () => unknown, runs = 5): number {
  const once = () => {
    const began = performance.now()
    work()
    return performance.now() - began
  }
  return Math.min(...Array.from({ length: runs }, once))
}
