// What is known of the lines of an institution's customers: asked of whom its file names, and kept for minutes.
import { createHmac } from 'node:crypto'
import type { Institution } from '../../domain/institution.ts'
import type { SimSaid } from '../../domain/sim.ts'
import type { KeyStore } from '../../ports/key-store.ts'
import type { Line, LineFacts, LinePlugin } from '../../ports/line-facts.ts'
import type { Log } from '../../ports/log.ts'
import { internationalNumber } from '../channels/phone-number.ts'
import { reasonOf } from '../risk/failure.ts'

export interface LineFactsPorts {
  readonly plugins: readonly LinePlugin[]
  readonly keys: Pick<KeyStore, 'secret'>
  readonly now: () => number
  readonly log: Log
}

const answerMs = 5 * 60_000
// Whoever has just waited in vain does not wait again for the next thing of the same sign-in.
const failureMs = 10_000
const mostAnswers = 10_000

interface Answer {
  until: number
  readonly said: Promise<SimSaid>
}

interface Opened {
  readonly row: string
  readonly line: Line | undefined
  /** By a token of the number: this process keeps no list of numbers. */
  readonly answers: Map<string, Answer>
}

export function createLineFacts(ports: LineFactsPorts): LineFacts {
  const kept = new Map<string, Opened>()
  const open = (institution: Institution): Opened => {
    const row = JSON.stringify(institution.lineFacts)
    const known = kept.get(institution.id)
    if (known?.row === row) return known
    const opened = { row, line: lineOf(ports, institution), answers: new Map<string, Answer>() }
    kept.set(institution.id, opened)
    return opened
  }
  return {
    plugins: () => ports.plugins,
    async sim(institution, text) {
      if (institution.lineFacts === undefined) return undefined
      const number = await internationalNumber(text)
      if (number === undefined) return failed(ports, institution, 'no_number')
      const { line, answers } = open(institution)
      const token = createHmac('sha256', ports.keys.secret(institution.id, 'numbers'))
        .update(number)
        .digest('base64url')
      const known = answers.get(token)
      if (known !== undefined && ports.now() < known.until) return known.said
      const answer = { until: ports.now() + answerMs, said: said(ports, { institution, line, number }) }
      keep(answers, token, answer)
      const result = await answer.said
      if (result.state === 'unknown') answer.until = ports.now() + failureMs
      return result
    },
  }
}

function lineOf(ports: LineFactsPorts, { id, lineFacts }: Institution): Line | undefined {
  try {
    return ports.plugins.find(({ type }) => type === lineFacts?.type)?.open(lineFacts?.settings ?? {})
  } catch (error) {
    ports.log.error('lines.unopened', { institution: id, reason: reasonOf(error) })
    return undefined
  }
}

/** The oldest goes first: a map keeps the order in which its entries came. */
function keep(answers: Map<string, Answer>, token: string, answer: Answer): void {
  answers.delete(token)
  const [oldest] = answers.keys()
  if (answers.size >= mostAnswers && oldest !== undefined) answers.delete(oldest)
  answers.set(token, answer)
}

interface Asked {
  readonly institution: Institution
  readonly line: Line | undefined
  readonly number: string
}

async function said(ports: LineFactsPorts, { institution, line, number }: Asked): Promise<SimSaid> {
  const maxAgeHours = institution.lineFacts?.maxAgeHours ?? 0
  try {
    if (line === undefined) return failed(ports, institution, 'unopened')
    return await line.sim({ number, maxAgeHours })
  } catch (error) {
    return failed(ports, institution, reasonOf(error))
  }
}

/** The log has why, in codes and names: never the number, nor what came. */
function failed({ log }: LineFactsPorts, { id }: Institution, reason: string): SimSaid {
  log.warn('lines.failed', { institution: id, reason })
  return { state: 'unknown' }
}
