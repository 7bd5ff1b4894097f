import * as client from 'openid-client'
import type { AccessError } from '../errors.ts'
import { toAccessError, withoutSecrets } from './provider-errors.ts'

/** As whom a gateway is known to a provider. */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** Asks a provider something. No error shows what was `sent`, nor the secret of this client. */
export type AskProvider = <T>(
  sent: readonly string[],
  question: () => Promise<T>,
  toError?: (error: unknown) => AccessError,
) => Promise<T>

/** A browser brings the code: one of a few letters is no secret, and would hide every such letter. */
const leastSentLength = 8

export function createAsk(credentials: ClientCredentials): AskProvider {
  return async (sent, question, toError = toAccessError) => {
    try {
      return await question()
    } catch (error) {
      const long = sent.filter(({ length }) => length >= leastSentLength)
      throw withoutSecrets(toError(error), [...secretsOf(credentials), ...long])
    }
  }
}

/** The secret of this client, and the value that `client_secret_basic` makes of it (RFC 6749 §2.3.1). */
function secretsOf({ clientId, clientSecret }: ClientCredentials): readonly string[] {
  const headers = new Headers()
  const server = { issuer: '' }
  client.ClientSecretBasic(clientSecret)(
    server,
    { client_id: clientId },
    new URLSearchParams(),
    headers,
  )
  const credentials = headers.get('authorization')?.replace('Basic ', '') ?? ''
  const [, encoded = ''] = Buffer.from(credentials, 'base64').toString().split(':')
  return [clientSecret, credentials, encoded]
}
