// What is owed by a unit and done after it, by whichever node comes first: messages to customers, reports to risk engines.

/** One attempt at a job, this node's alone until its deadline. */
export interface Job {
  readonly id: string
  readonly institution: string
  /** What is to be done, sealed: a text may have a code in it. */
  readonly sealed: string
  /** Attempts so far, this one included. */
  readonly tries: number
}

/** A queue. A job that nobody ends within its deadline is given to the next who asks. */
export interface Jobs {
  /** Inside a unit; resolves with the id of the job. */
  put(institution: string, sealed: string): Promise<string>
  /** What is due, for this node alone. */
  take(most: number): Promise<readonly Job[]>
  /** Inside a unit: nothing more is to be done. False when the attempt is no longer ours. */
  done(job: Job): Promise<boolean>
  /** Inside a unit: it is due again later, and later each time. False when the attempt is no longer ours. */
  again(job: Job): Promise<boolean>
}
