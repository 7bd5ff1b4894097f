import { PeerError } from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import { refusedError, wantsSignIn } from '../../reach/refused.ts'
import {
  decodeApplicationTokenAnswer,
  encodeApplicationTokenRequest,
  type ApplicationTokenAnswer,
} from '../../tunnel/application-token.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { credentialsOf, type SignInOptions } from '../sign-in/credentials-of.ts'
import { withToken } from '../sign-in/credentials.ts'

/**
 * Exchanges the token of whoever is signed in for one of an application, and asks for a new sign-in where
 * this one does not do.
 *
 * @throws AccessError `sign-in-…`, or `policy-denied` and others of the gateway's; PeerError `not-a-gateway`;
 * UpstreamError `gateway-…`
 */
export async function fetchApplicationToken(
  options: SignInOptions,
  hostname: string,
  signal: AbortSignal,
): Promise<ApplicationTokenAnswer> {
  const dialer = createDialer(options)
  const send = createSendToGateway(dialer)
  const credentials = credentialsOf(options, dialer, signal)
  const body = encodeApplicationTokenRequest(hostname)
  try {
    return await withToken(credentials, signal, async (token) => {
      if (token === undefined) return undefined
      const path = gatewayPaths.applicationToken
      const answer = await send({ method: 'POST', path, body, token }, signal)
      return wantsSignIn(answer) ? undefined : tokenOf(answer, hostname, options)
    })
  } finally {
    // A sign-in that was given up lets go of its lock.
    await credentials.idle()
  }
}

function tokenOf(
  answer: HttpAnswer,
  hostname: string,
  { gateway }: Pick<SignInOptions, 'gateway'>,
): ApplicationTokenAnswer {
  if (answer.status !== 200) throw refusedError(answer, hostname)
  const given = decodeApplicationTokenAnswer(answer.body)
  if (given !== undefined) return given
  throw new PeerError('not-a-gateway', `"${gateway.origin}" gave no token of an application`, {
    hint: 'its gateway may be older than this client, or none of Postern',
  })
}
