// Pictures are decoded in a thread of their own, by libraries that run as WebAssembly, under a deadline.
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logo } from '../../domain/logo.ts'
import type { Pictures } from '../../ports/pictures.ts'

export interface PicturesOptions {
  /** For one picture, the start of its thread included. */
  readonly deadlineMs: number
}

/** One picture at a time: they are few, and each has a thread that is made for it. */
export function createPictures({ deadlineMs }: PicturesOptions): Pictures {
  let last: Promise<unknown> = Promise.resolve()
  return {
    decodes(picture) {
      const next = last.then(() => decoded(picture, deadlineMs))
      last = next
      return next
    },
  }
}

function decoded(workerData: Logo, deadlineMs: number): Promise<boolean> {
  const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
    workerData,
    // Of the decoders' own words nothing is needed beyond whether there were any.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  return new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), deadlineMs)
    const end = (good: boolean) => {
      clearTimeout(timer)
      resolve(good)
    }
    worker.once('message', (good: unknown) => end(good === true))
    worker.once('error', () => end(false))
    worker.once('exit', () => end(false))
  }).finally(() => worker.terminate())
}
