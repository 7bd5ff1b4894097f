import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { z } from 'zod'
import { AccessError, messageOf } from '../errors.ts'
import type { AccountRecord, PasskeyRecord } from '../store/account-store.ts'

export type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON }

/** What is new of a passkey that a browser has made. */
export interface MadePasskey extends Pick<
  PasskeyRecord,
  'id' | 'publicKey' | 'counter' | 'transports' | 'isBackedUp' | 'rpId'
> {
  /** Whether it is on the device that the browser runs on, as that says. */
  readonly place: 'here' | 'phone' | 'security-key'
}

/** What a passkey says of itself when it signs. */
export type SignedChallenge = Pick<PasskeyRecord, 'counter' | 'isBackedUp'>

/** A signature as a browser brings it: whose passkey it says it is. */
export interface Assertion {
  readonly id: string
  /** The account that the passkey was made for, as it says itself. */
  readonly accountId: string
  readonly response: AuthenticationResponseJSON
}

/**
 * The gateway as a relying party (WebAuthn Level 3). A challenge is 32 bytes that whoever calls has made, and that
 * are good once; everything refused is an `AccessError` `passkey-refused`.
 */
export interface WebAuthn {
  readonly rpId: string
  /** What a browser needs to make a passkey; `known` are those that its person has. */
  creationOptions(
    account: Pick<AccountRecord, 'id' | 'email' | 'name'>,
    challenge: Uint8Array,
    known: readonly PasskeyRecord[],
  ): Promise<PublicKeyCredentialCreationOptionsJSON>
  /** Takes what a browser made of them, as JSON. */
  verifyCreation(response: string, challenge: Uint8Array): Promise<MadePasskey>
  /** What a browser needs to have any passkey of this gateway sign. */
  requestOptions(challenge: Uint8Array): Promise<PublicKeyCredentialRequestOptionsJSON>
  /** Reads what a browser made of them, as JSON; nothing of it is verified. */
  readAssertion(response: string): Assertion
  verifyAssertion(
    assertion: Assertion,
    challenge: Uint8Array,
    passkey: PasskeyRecord,
  ): Promise<SignedChallenge>
}

/** Ed25519, ES256 and RS256 (RFC 9053): every authenticator has one of these, and every runtime of ours verifies them. */
const algorithms = [-8, -7, -257]
/** @limit time for the dialog of the browser about a passkey: the page offers it again */
const dialogMs = 300_000

const base64url = (maxLength: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(maxLength)
// Credential ids have at most 1023 bytes (WebAuthn §4), user handles 64 (§5.4.3).
const credentialId = base64url(1364)
/** @limit none: ways to reach a passkey, which browsers say */
const maxTransports = 8
const creation = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  authenticatorAttachment: z.string().max(32).nullish(),
  response: z.object({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(16_384),
    transports: z.array(z.string().max(32)).max(maxTransports).optional(),
  }),
})
const assertion = z.object({
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(4096),
    // Of a passkey that a browser finds by itself there always is one (§7.2, step 6).
    userHandle: base64url(88),
  }),
})
const clientData = z.object({ crossOrigin: z.boolean().optional() })

/** Loaded when the first passkey is made or used: it brings a reader of certificates along. */
const library = () => import('@simplewebauthn/server')

export function createWebAuthn(origin: URL, name: string): WebAuthn {
  const rpId = origin.hostname
  const expected = (challenge: Uint8Array) => ({
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: origin.origin,
    expectedRPID: rpId,
    requireUserVerification: true,
  })
  return {
    rpId,
    async creationOptions({ id, email, name: person }, challenge, known) {
      const { generateRegistrationOptions } = await library()
      return generateRegistrationOptions({
        rpName: name,
        rpID: rpId,
        userID: Uint8Array.from(Buffer.from(id, 'base64url')),
        userName: email,
        userDisplayName: person === '' ? email : person,
        challenge: Uint8Array.from(challenge),
        timeout: dialogMs,
        attestationType: 'none',
        excludeCredentials: known.map((passkey) => ({
          id: passkey.id,
          transports: transportsOf(passkey),
        })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: algorithms,
      })
    },
    async verifyCreation(text, challenge) {
      const parsed = parse(creation, text)
      const { verifyRegistrationResponse } = await library()
      const { id, rawId, type } = parsed
      const response: RegistrationResponseJSON = {
        id,
        rawId,
        type,
        clientExtensionResults: {},
        response: { ...parsed.response, transports: transportsOf(parsed.response) },
      }
      await refuseAttested(parsed.response.attestationObject)
      const made = await verifying(() =>
        verifyRegistrationResponse({
          ...expected(challenge),
          response,
          supportedAlgorithmIDs: algorithms,
        }),
      )
      const { registrationInfo: info } = made
      if (info === undefined) throw passkeyRefused('its attestation does not hold')
      const { credential, credentialBackedUp: isBackedUp } = info
      // What it calls itself must be what its own data says.
      if (credential.id !== parsed.id) throw passkeyRefused('its ids differ')
      return {
        id: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: parsed.response.transports ?? [],
        isBackedUp,
        rpId,
        place: placeOf(parsed),
      }
    },
    async requestOptions(challenge) {
      const { generateAuthenticationOptions } = await library()
      return generateAuthenticationOptions({
        rpID: rpId,
        challenge: Uint8Array.from(challenge),
        timeout: dialogMs,
        userVerification: 'required',
        allowCredentials: [],
      })
    },
    readAssertion(text) {
      const parsed = parse(assertion, text)
      const { id, response } = parsed
      return {
        id,
        accountId: response.userHandle,
        response: { ...parsed, clientExtensionResults: {} },
      }
    },
    async verifyAssertion({ response }, challenge, passkey) {
      const { verifyAuthenticationResponse } = await library()
      const { verified, authenticationInfo } = await verifying(() =>
        verifyAuthenticationResponse({
          ...expected(challenge),
          response,
          credential: {
            id: passkey.id,
            publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
            // The store compares, in the step that keeps it: of two copies at once one is refused.
            counter: 0,
          },
        }),
      )
      if (!verified) throw passkeyRefused('its signature is another one')
      const { newCounter: counter, credentialBackedUp: isBackedUp } = authenticationInfo
      return { counter, isBackedUp }
    },
  }
}

/**
 * No attestation is asked for, so browsers send none, or that of the passkey itself. Certificates are not even
 * read.
 */
async function refuseAttested(attestationObject: string): Promise<void> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  const bytes = Uint8Array.from(Buffer.from(attestationObject, 'base64url'))
  const decoded = await verifying(() =>
    Promise.resolve().then(() => decodeAttestationObject(bytes)),
  )
  const format: string = decoded.get('fmt')
  const isOwn = format === 'packed' && decoded.get('attStmt').get('x5c') === undefined
  if (format !== 'none' && !isOwn) throw passkeyRefused('it brings an attestation')
}

function parse<T extends { response: { clientDataJSON: string } }>(
  schema: z.ZodType<T>,
  text: string,
): T {
  const checked = schema.safeParse(parseJson(text))
  if (!checked.success) throw passkeyRefused('what the browser sent is not what it should be')
  const { clientDataJSON } = checked.data.response
  const data = clientData.safeParse(parseJson(Buffer.from(clientDataJSON, 'base64url').toString()))
  // In a frame of another site nobody sees what they agree to (§13.4.2).
  if (!data.success || data.data.crossOrigin === true)
    throw passkeyRefused('it was made in a frame')
  return checked.data
}

function placeOf({ authenticatorAttachment, response }: z.output<typeof creation>) {
  if (authenticatorAttachment !== 'cross-platform') return 'here'
  return response.transports?.includes('hybrid') === true ? 'phone' : 'security-key'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The library says what is wrong by errors of its own, and by those of what reads bytes. */
async function verifying<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    throw passkeyRefused(messageOf(error))
  }
}

function transportsOf({
  transports = [],
}: {
  readonly transports?: readonly string[] | undefined
}): AuthenticatorTransport[] {
  return [...transports] as AuthenticatorTransport[]
}

/** One sentence whatever is wrong, so that nobody learns who there is; the cause is for the operator. */
export function passkeyRefused(why: string): AccessError {
  return new AccessError('passkey-refused', 'this passkey is not accepted here', {
    hint: 'try another one, or ask whoever runs this gateway for a new invitation',
    cause: new Error(why),
  })
}
