import { TLSSocket, checkServerIdentity } from 'node:tls'
import { createDialer, type ReachOptions } from '../../reach/dialer.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { formatLoginPath } from '../../tunnel/sign-in.ts'
import { chosen } from './choose-gateway.ts'
import {
  defaultGateway,
  gatewayAt,
  type KnownGateway,
  type KnownGateways,
} from './known-gateway.ts'

// One gateway has many names: each host of a route may lead to it. Whoever names another one is to be led to the gateway
// that they have signed in to, and not to sign in again.
//
// Nobody's token goes to an address because that address says who it is. The address that was named is left alone from
// then on: what is asked is the remembered gateway, at its own address and with what is remembered of it. What has to be
// true is that this is not against the will of whoever has named the other address:
//
// - that address says itself that it signs people in at the same place as the gateway does. It is asked by what its name
//   is trusted with, so that it is it that says so;
// - the gateway shows a certificate for the name of that address, which is good by what *that address* is trusted with.
//   What is trusted for the gateway alone does not count: its authority could vouch for any name.
//
// So a hostile address that claims to be a remembered gateway loses its visitors to that gateway, and gets nothing; and a
// remembered gateway that claims an address that is not its own has no certificate for it.

/**
 * Time for both of them to answer, in milliseconds.
 *
 * @limit time to find out whether two addresses are one gateway: they count as two
 */
const sameTimeoutMs = 4_000

/** A login that nobody follows: only where it would begin is of interest. */
const loginPath = formatLoginPath({ redirectUri: 'http://127.0.0.1:1/', codeChallenge: undefined })

/**
 * The remembered gateway that an address is another name of; `another` where it is none, `unknown` where that cannot be found
 * out. `reach` has the address, and what it is trusted with.
 */
export async function findSameGateway(
  reach: ReachOptions,
  all: KnownGateways,
  signal: AbortSignal = AbortSignal.timeout(sameTimeoutMs),
): Promise<KnownGateway | 'another' | 'unknown'> {
  if (!reach.gateway.isTls || !reach.trust.isVerified) return 'another'
  try {
    const place = await signInPlace(reach, signal)
    if (place === undefined) return 'another'
    const known = gatewayAt(place, all) ?? defaultGateway(all)
    if (known === undefined) return 'another'
    const itself = { ...reach, gateway: chosen(known).gateway }
    if (!(await showsNameOf(reach.gateway.host, itself, signal))) return 'another'
    return (await signInPlace(itself, signal)) === place ? known : 'another'
  } catch {
    return 'unknown'
  }
}

/** The origin at which a gateway signs people in. It is asked without a token. */
async function signInPlace(reach: ReachOptions, signal: AbortSignal): Promise<string | undefined> {
  const send = createSendToGateway(createDialer(reach))
  const answer = await send({ method: 'GET', path: loginPath }, signal)
  const url = answer.status === 200 ? URL.parse(answer.body.trim()) : null
  return url?.protocol === 'https:' ? parseGatewayUrl(url.origin).origin : undefined
}

/** Whether whoever answers there has a certificate for this name as well. */
async function showsNameOf(
  host: string,
  reach: ReachOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { socket } = await createDialer(reach).open(['http/1.1'], signal)
  try {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return false
    return checkServerIdentity(host, socket.getPeerCertificate()) === undefined
  } finally {
    socket.destroy()
  }
}
