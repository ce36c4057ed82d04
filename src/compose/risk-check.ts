// Risk settings of the console, judged by the rules of an institution's file.
import { type RiskRules, riskShape } from '../config/institution-risk.ts'
import { acrLadder, levelName } from '../domain/acr.ts'
import { challengeKinds, combinings, fallbacks, riskActions } from '../domain/risk.ts'
import { askedKinds, riskFactNames } from '../domain/risk-event.ts'
import type { RiskCheck } from '../ports/risk-settings.ts'

const rules: RiskRules = {
  ...{ riskKinds: askedKinds, riskFacts: riskFactNames as [string, ...string[]], riskActions },
  ...{ riskFallbacks: fallbacks, riskCombinings: combinings, riskChallenges: challengeKinds },
  stepUpLevels: acrLadder.slice(1).map(levelName) as [string, ...string[]],
}

const shape = riskShape(rules)

export const riskCheck: RiskCheck = ({ budgetMs, stepUp, providers, events }) => {
  const { error } = shape.safeParse({
    ...{ budget_ms: budgetMs, step_up: levelName(stepUp), providers },
    events: Object.fromEntries(
      Object.entries(events).map(([kind, { onFailure, ...event }]) => [
        kind,
        { ...event, on_failure: onFailure },
      ]),
    ),
  })
  return (error?.issues ?? []).map(({ path, message }) => ({ path: path.map(String), message }))
}
