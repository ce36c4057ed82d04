// Passkeys by @simplewebauthn/server: options for browsers, and the checks of what they bring.
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { z } from 'zod'
import type {
  KnownPasskey,
  NewPasskey,
  PasskeyAnswer,
  PasskeyCreation,
  PasskeyFault,
  PasskeyRequest,
  Passkeys,
} from '../../ports/passkeys.ts'

// COSE: ES256, EdDSA, RS256.
const algorithms = [-7, -8, -257]

const base64url = z
  .string()
  .max(16_384)
  .regex(/^[\w-]*$/)
const id = base64url.min(1).max(1400)
const envelope = { id, rawId: id, type: z.literal('public-key') }
// Only what is verified is let through: extensions and hints that a browser adds are dropped.
const creationAnswer = z.object({
  ...envelope,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,32}$/))
      .max(8)
      .optional(),
  }),
})
const requestAnswer = z.object({
  ...envelope,
  response: z.object({ clientDataJSON: base64url, authenticatorData: base64url, signature: base64url }),
})

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

type Transports = NonNullable<Parameters<typeof generateAuthenticationOptions>[0]['allowCredentials']>[number]

const named = ({ credentialId, transports }: KnownPasskey): Transports => ({
  id: credentialId,
  transports: [...transports] as NonNullable<Transports['transports']>,
})

/** Holds no state and needs no network. */
export const webauthn: Passkeys = { creation, request, registered, credentialIdOf, asserted }

async function creation(asked: PasskeyCreation): Promise<string> {
  const options = await generateRegistrationOptions({
    rpID: asked.rpId,
    rpName: asked.rpName,
    userName: asked.userName,
    userDisplayName: asked.userName,
    challenge: bytesOf(asked.challenge),
    timeout: asked.timeoutSeconds * 1000,
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: asked.present.map(named),
    authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
    preferredAuthenticatorType: 'securityKey',
  })
  return JSON.stringify(options)
}

async function request(asked: PasskeyRequest): Promise<string> {
  const options = await generateAuthenticationOptions({
    rpID: asked.rpId,
    challenge: bytesOf(asked.challenge),
    timeout: asked.timeoutSeconds * 1000,
    userVerification: 'required',
    allowCredentials: asked.allowed.map(named),
  })
  return JSON.stringify(options)
}

function read<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const unreadable: PasskeyFault = { fault: 'not an answer of a passkey' }

/** The library throws for whatever does not hold, and for what it cannot parse: nothing of that is ours to fail by. */
async function orFault<T>(verify: () => Promise<T | PasskeyFault>): Promise<T | PasskeyFault> {
  try {
    return await verify()
  } catch (error) {
    return { fault: error instanceof Error ? error.message.slice(0, 200) : 'unreadable' }
  }
}

const expected = ({ challenge, origin, rpId }: PasskeyAnswer) => ({
  expectedChallenge: challenge,
  expectedOrigin: origin,
  expectedRPID: rpId,
  requireUserVerification: true,
})

async function registered(answer: PasskeyAnswer): Promise<NewPasskey | PasskeyFault> {
  const given = read(creationAnswer, answer.credential)
  if (given === undefined) return unreadable
  return orFault<NewPasskey>(async () => {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      ...expected(answer),
      response: { ...given, clientExtensionResults: {} } as RegistrationResponseJSON,
      supportedAlgorithmIDs: algorithms,
    })
    if (!verified) return { fault: 'attestation' }
    const { credential, credentialDeviceType } = registrationInfo
    return {
      credentialId: credential.id,
      publicKey: textOf(credential.publicKey),
      counter: credential.counter,
      transports: given.response.transports ?? [],
      copied: credentialDeviceType === 'multiDevice',
    }
  })
}

function credentialIdOf(credential: string): string | undefined {
  return read(requestAnswer, credential)?.id
}

async function asserted(
  answer: PasskeyAnswer,
  publicKey: string,
): Promise<{ readonly counter: number } | PasskeyFault> {
  const given = read(requestAnswer, answer.credential)
  if (given === undefined) return unreadable
  return orFault<{ readonly counter: number }>(async () => {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      ...expected(answer),
      response: { ...given, clientExtensionResults: {} } as AuthenticationResponseJSON,
      // The library would judge the counter before the signature; then anybody could have a key called cloned.
      credential: { id: given.id, publicKey: bytesOf(publicKey), counter: 0 },
    })
    return verified ? { counter: authenticationInfo.newCounter } : { fault: 'signature' }
  })
}
