// One question to a risk engine in JSON: what comes back is JSON to the letter, within the deadline, or no answer.
import { Refusal } from '../../domain/refusal.ts'
import { strictJson } from '../../domain/strict-json.ts'
import type { GuardedAnswer, GuardedFetch } from '../../ports/guarded-fetch.ts'
import { RiskAnswerMalformed, type RiskDeadline } from '../../ports/risk.ts'
import type { Access, EngineRequest } from './engine-access.ts'

export interface Engine {
  readonly fetch: GuardedFetch
  readonly access: Access
}

export interface EngineQuestion {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json: unknown
}

const deepest = 32

/** The JSON that it answers. Rejects where it does not answer by the deadline, refuses, or answers what is no JSON. */
export async function askEngine(
  engine: Engine,
  question: EngineQuestion,
  deadline: RiskDeadline,
): Promise<unknown> {
  const answer = await answerTo(engine, question, deadline)
  if (!isJson(answer.headers['content-type'] ?? ''))
    throw new RiskAnswerMalformed('its answer is not called JSON')
  const { value, fault } = strictJson(answer.body, deepest)
  if (fault !== undefined) throw new RiskAnswerMalformed(`its JSON: ${fault}`)
  return value
}

/** As `askEngine`, where only whether it took it matters. */
export async function tellEngine(
  engine: Engine,
  question: EngineQuestion,
  deadline: RiskDeadline,
): Promise<void> {
  await answerTo(engine, question, deadline)
}

async function answerTo(
  engine: Engine,
  question: EngineQuestion,
  deadline: RiskDeadline,
): Promise<GuardedAnswer> {
  const request = {
    method: question.method ?? 'POST',
    url: question.url,
    body: JSON.stringify(question.json),
  }
  const send = () => sent(engine, { headers: question.headers, request }, deadline.signal)
  const first = await send()
  const { answer } = first.again ? await send() : first
  if (answer.status >= 200 && answer.status < 300) return answer
  throw new Refusal('fetch.failed', { check: 'status', actual: String(answer.status) })
}

interface Sending extends Pick<EngineQuestion, 'headers'> {
  readonly request: EngineRequest
}

async function sent({ fetch, access }: Engine, { headers, request }: Sending, signal: AbortSignal) {
  const own = await access.headers(request, signal)
  const usual = { 'content-type': 'application/json', accept: 'application/json' }
  const { method, url, body } = request
  try {
    const answer = await fetch(url, {
      method,
      body,
      headers: { ...headers, ...usual, ...own },
      signal,
      tls: access.tls,
    })
    return { answer, again: answer.status === 401 && access.refused(own) }
  } catch (error) {
    // It is there and answers, but not what it should (attack 167).
    if (error instanceof Refusal && error.detail.check === 'size')
      throw new RiskAnswerMalformed('its answer is too large')
    throw error
  }
}

const isJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim())
