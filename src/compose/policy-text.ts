// The text of a policy, read by the rules of an institution's file.
import { ConfigFault, type ConfigurationFault } from '../config/faults.ts'
import type { PolicyRules } from '../config/institution-policy.ts'
import { readPolicyText, writePolicyText } from '../config/policy-text.ts'
import { acrLadder, acrNamed, levelName, withDeviceAndPin } from '../domain/acr.ts'
import { approvalMethods, methodsFor } from '../domain/outcome.ts'
import { conditionCurrencies, conditionFault } from '../domain/policy-language.ts'
import { isRate, ratedBy } from '../domain/rates.ts'
import { isMoney } from '../domain/transaction.ts'
import { policyFrom, writtenFrom } from '../domain/written-policy.ts'
import type { PolicyText, TextFault } from '../ports/policy-text.ts'

const rules: PolicyRules = {
  isMoney,
  conditionFault,
  conditionCurrencies,
  isRate,
  approvalMethods,
  methodsFor: (level) => methodsFor(level === undefined ? withDeviceAndPin : acrNamed(level)),
  stepUpLevels: acrLadder.slice(1).map(levelName) as [string, ...string[]],
}

export const policyText: PolicyText = {
  read(text, { stepUpOver, rates }) {
    const terms = { stepUpOver, rated: ratedBy(rates) }
    try {
      // A browser sends the ends of lines as CR LF.
      return { policy: policyFrom(readPolicyText(text.replaceAll('\r\n', '\n'), { rules, terms })) }
    } catch (error) {
      if (error instanceof ConfigFault) return { faults: error.faults.map(textFault) }
      throw error
    }
  },
  write: (policy) => writePolicyText(writtenFrom(policy)),
}

/** `line:12` as a source is line 12. */
function textFault({ path, message, source = '' }: ConfigurationFault): TextFault {
  const line = /:(\d+)$/.exec(source)?.[1]
  return {
    line: line === undefined ? undefined : Number(line),
    message: path === '' ? message : `${path}: ${message}`,
  }
}
