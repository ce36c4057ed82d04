// A file that lets an engine run challenges: only those that its plugin runs, with the settings that the file gives it.
import { expect, test } from 'vitest'
import type { RiskProviderSetting } from '../../src/domain/risk.ts'
import { riskFaults } from '../../src/flows/apply-risk.ts'
import { rsaAdaptiveAuthentication } from '../../src/plugins/risk/rsa.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import { riskSignals } from '../../src/plugins/risk/signals.ts'
import { voyagerIa } from '../../src/plugins/risk/voyager.ts'
import { voyagerRemote } from '../../src/plugins/risk/voyager-remote.ts'
import { judgedLine } from '../../src/ports/judged.ts'
import type { RiskPluginPorts } from '../../src/ports/risk.ts'
import { alder } from '../journeys/parts.ts'

// Nothing is opened, so that nothing is reached.
const ports = {} as RiskPluginPorts
const made = [rsaAdaptiveAuthentication, voyagerIa, voyagerRemote, riskSignals, riskService]
const plugins = made.map((make) => make(ports))

const rsa = { url: 'https://aa.example/', callerId: 'bridge', callerCredential: 'secret' }
const service = { url: 'https://engine.example/' }

const faultsOf = (...providers: RiskProviderSetting[]) => {
  const risk = { providers, events: {}, budgetMs: 800, stepUp: 'urn:drawbridge:acr:device-pin' }
  const set = { institution: { ...alder, risk }, relyingParties: [], connections: [], cores: [] }
  return riskFaults({ riskPlugins: async () => plugins }, set as never)
}

const judged = async (...providers: RiskProviderSetting[]) => (await faultsOf(...providers)).map(judgedLine)

test.each<[string, RiskProviderSetting['settings'], RegExp]>([
  ['rsa-aa', { ...rsa, callerStyle: 'x' }, /one: settings\.caller_style: /],
  ['rsa-aa', { ...rsa, customFacts: { deviceAge: 'x' } }, /one: settings\.custom_facts\.deviceAge: /],
  ['rsa-aa', { ...rsa, orgNames: 'x' }, /one: settings: .*"org_names"/],
  ['voyager-ia', { denyBelow: 0.9 }, /one: settings\.deny_below: /],
])('a fault of %s in the words of the file: %j', async (type, settings, expected) => {
  expect(await judged({ id: 'one', type, settings })).toEqual([expect.stringMatching(expected)])
})

test.each<[string, object, RiskProviderSetting['facts'], string | undefined]>([
  ['the usual', {}, undefined, undefined],
  ['a name that leaves', { userName: 'subject.username' }, ['subject.username'], undefined],
  [
    'a name that does not leave',
    { userName: 'subject.username' },
    undefined,
    'subject.username is needed by these settings',
  ],
  ['no name', {}, ['device.id'], 'subject.id is needed by these settings'],
  [
    'facts of our own',
    { customFacts: { AGE: 'device.ageDays', TOWN: 'network.town', DEVICE: 'device.id' } },
    undefined,
    'device.ageDays, network.town are needed by these settings',
  ],
])('facts that RSA needs: %s', async (_what, more, facts, fault) => {
  const provider = { id: 'one', type: 'rsa-aa', settings: { ...rsa, ...more }, ...(facts && { facts }) }
  const expected = fault === undefined ? [] : [`alder: risk provider one: facts: ${fault}`]
  expect(await judged(provider)).toEqual(expected)
})

test.each<[string, string, object, RiskProviderSetting['challenge'], RegExp | undefined]>([
  ['all of RSA', 'rsa-aa', rsa, ['code', 'out-of-band', 'questions'], undefined],
  ['questions of access signatures', 'voyager-ia', { questions: true }, ['questions'], undefined],
  ['questions that are off', 'voyager-ia', {}, ['questions'], /it runs no challenge, and not questions/],
  [
    'a code of access signatures',
    'voyager-ia',
    { questions: true },
    ['code'],
    /it runs questions, and not code/,
  ],
  [
    'questions of a remote one',
    'voyager-ia-remote',
    { ...service, questions: true },
    ['questions'],
    undefined,
  ],
  ['a service that offers them', 'service', { ...service, offers: ['challenge'] }, ['code'], undefined],
  ['a service that does not', 'service', service, ['code'], /risk provider one: challenge: .*no challenge/],
  ['signals', 'signals', {}, ['questions'], /no challenge/],
  ['none at all', 'signals', {}, undefined, undefined],
])('%s', async (_what, type, settings, challenge, fault) => {
  const provider = { id: 'one', type, settings: { ...settings }, ...(challenge && { challenge }) }
  const faults = await judged(provider)
  if (fault === undefined) expect(faults).toEqual([])
  else expect(faults).toEqual([expect.stringMatching(fault)])
})

test('a fault says where in the file it stands', async () => {
  const at = async (...providers: RiskProviderSetting[]) =>
    (await faultsOf(...providers)).map((one) => one.at)
  const good: RiskProviderSetting = { id: 'good', type: 'signals', settings: {} }
  expect(await at(good, { id: 'odd', type: 'signal', settings: {} })).toEqual([
    ['risk', 'providers', 1, 'type'],
  ])
  const settings = { ...rsa, callerStyle: 'x', customFacts: { deviceAge: 'x' } }
  expect(await at({ id: 'one', type: 'rsa-aa', settings })).toEqual([
    ['risk', 'providers', 0, 'settings', 'caller_style'],
    ['risk', 'providers', 0, 'settings', 'custom_facts', 'deviceAge'],
  ])
  expect(await at({ id: 'one', type: 'signals', settings: {}, challenge: ['code'] })).toEqual([
    ['risk', 'providers', 0, 'challenge'],
  ])
})
