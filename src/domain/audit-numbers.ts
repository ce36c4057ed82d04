// The numbers of one node's events, as a verifier meets them: which are there, which are missing, which may yet come.

/** Where one node's numbers stand; changed in place, since a log has millions. */
export function createNumbers() {
  let next = 0
  let settled = 0
  const early = new Set<number>()
  return {
    see(number: number): void {
      if (number !== next) {
        if (number > next) early.add(number)
        return
      }
      next++
      while (early.delete(next)) next++
    },
    /** A row of the node says that every number below `bound` was committed or explained when it was written. */
    settle(bound: number): void {
      settled = Math.max(settled, bound)
    },
    /** The first number that was settled and is not there: its row was deleted (attack 244). */
    firstMissing: (): number | undefined => (next < settled ? next : undefined),
    /** Numbers that were given out and are not there, though no row says that they were ever committed. */
    unfinished(): number {
      let end = next
      for (const number of early) end = Math.max(end, number + 1)
      return end - next - early.size
    },
  }
}

export type Numbers = ReturnType<typeof createNumbers>
