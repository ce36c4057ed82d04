// What an operator says of an AA-compatible engine.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { isRiskFact, type RiskFact } from '../../domain/risk-event.ts'
import { rsaDialects } from '../../xml/rsa/shapes.ts'
import { engineUrl } from './engine-settings.ts'

const readable = (read: (pem: string) => unknown) => (pem: string) => {
  try {
    read(pem)
    return true
  } catch {
    return false
  }
}

const pem = (what: string, read: (pem: string) => unknown) =>
  z.string().refine(readable(read), `this is no PEM ${what}`).meta({ kind: 'pem' }).optional()

const certificate = () => pem('certificate', (text) => new X509Certificate(text))
const name = () => z.string().trim().min(1).max(200)
// A file often ends with a line break that is no part of the secret.
const secret = () => z.string().trim().min(1).max(1024)

/** A word of the engine's list, or one that the bank made up there. */
const eventWord = z.string().regex(/^[A-Z][A-Z0-9_]{1,63}$/, 'a word is needed: CHANGE_PHONE')
const factName = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'a name of a fact is needed: DEVICE_AGE_DAYS')

const shape = z.strictObject({
  url: engineUrl.describe('Address of the SOAP service; http only on loopback.'),
  dialect: z
    .enum(rsaDialects)
    .default('site-to-user')
    .describe('site-to-user (6.x-like) holds pictures and phrases; 7.x does not.'),
  callerStyle: z
    .enum(['body', 'ws-security'])
    .default('body')
    .describe('How we prove ourselves: securityHeader in the body, or a UsernameToken of WS-Security.'),
  callerId: name().describe('Our name there.'),
  callerCredential: secret().describe('Our password there.'),
  httpUsername: name().optional().describe('For HTTP Basic beside it, where the server wants that too.'),
  httpPassword: secret().optional().describe('Its password.'),
  orgName: name().optional().describe('Organisation of the customers there.'),
  groupName: name().optional().describe('Group of the customers there.'),
  application: name().optional().describe('Name of this application, for its reports.'),
  instanceId: name().optional().describe('Name of this installation, for its reports.'),
  ruleSet: name().optional().describe('Set of rules, where there are several.'),
  apiType: z
    .enum(['DIRECT_SOAP_API', 'ANALYZE_ONLY', 'WEB_REDIRECT'])
    .default('DIRECT_SOAP_API')
    .describe('How it is used.'),
  version: z
    .enum(['6.0', '7.0'])
    .optional()
    .describe('Version in the message header; that of the dialect unless told.'),
  userName: z
    .enum(['subject.id', 'subject.username'])
    .default('subject.id')
    .describe('The fact by which the engine knows customers.'),
  runRiskType: z.enum(['ALL', 'RISK_ONLY']).default('ALL').describe('How much it judges.'),
  channelIndicator: z
    .enum(['WEB', 'IVR', 'CALL_CENTER', 'BRANCH', 'ATM', 'MOBILE', 'OTHER'])
    .default('MOBILE')
    .describe('Through what customers come; ATM in the site-to-user dialect only.'),
  amountUnits: z
    .enum(['minor', 'major'])
    .default('minor')
    .describe('What the engine counts: cents, or whole units rounded up.'),
  autoCreateUserFlag: z
    .boolean()
    .default(false)
    .describe('The engine makes customers that it does not know.'),
  createUsers: z
    .boolean()
    .default(false)
    .describe('We make them by createUser, and ask again; where the flag is off.'),
  eventTypes: z
    .record(z.string().min(1).max(200), eventWord)
    .default({})
    .describe(
      'Type of event by our kind (contact-change) or type of transaction; others are CLIENT_DEFINED.',
    ),
  customFacts: z
    .record(
      factName,
      z.custom<RiskFact>((value) => typeof value === 'string' && isRiskFact(value), 'no such fact'),
    )
    .default({})
    .describe('Facts sent as client-defined ones, by the name that the engine has for them.'),
  questions: z.int().min(1).max(5).default(2).describe('How many questions a challenge asks.'),
  tlsCertificate: certificate().describe('Our certificate for mutual TLS.'),
  tlsKey: pem('private key', createPrivateKey).describe('Its private key.'),
  tlsAuthority: certificate().describe('The one authority that its certificate is from.'),
})

export const rsaSettings = shape.superRefine((given, ctx) => {
  const fault = (key: keyof RsaSettings, message: string) =>
    ctx.addIssue({ code: 'custom', path: [key], message })
  const { tlsCertificate, tlsKey, httpUsername, httpPassword, channelIndicator, dialect } = given
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    fault(tlsKey === undefined ? 'tlsKey' : 'tlsCertificate', 'a certificate and its key go together')
  if ((httpUsername === undefined) !== (httpPassword === undefined))
    fault(httpPassword === undefined ? 'httpPassword' : 'httpUsername', 'a name and its password go together')
  if (channelIndicator === 'ATM' && dialect === '7.x') fault('channelIndicator', 'the 7.x dialect has no ATM')
  if (given.createUsers && given.autoCreateUserFlag)
    fault('createUsers', 'the engine makes them already: autoCreateUserFlag')
})

export type RsaSettings = z.infer<typeof shape>

export const rsaSecrets = ['callerCredential', 'httpPassword', 'tlsKey'] as const

export const rsaLabels: Readonly<Record<string, string>> = {
  url: 'Address of the service',
  callerStyle: 'How we prove ourselves',
  callerId: 'Caller',
  callerCredential: 'Credential of the caller',
  httpUsername: 'HTTP user name',
  httpPassword: 'HTTP password',
  orgName: 'Organisation',
  groupName: 'Group',
  instanceId: 'Instance',
  apiType: 'API type',
  userName: 'Name of the customer',
  runRiskType: 'What it judges',
  channelIndicator: 'Channel',
  amountUnits: 'Unit of amounts',
  autoCreateUserFlag: 'Let it make customers',
  createUsers: 'Make customers ourselves',
  eventTypes: 'Types of event',
  customFacts: 'Facts of our own',
  questions: 'Questions in a challenge',
  tlsCertificate: 'Our TLS certificate',
  tlsKey: 'Its private key',
  tlsAuthority: 'Authority of its TLS certificate',
}
