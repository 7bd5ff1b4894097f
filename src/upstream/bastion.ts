import type { Grant } from '../access/grant.ts'
import { formatAuthority, type HostPort } from '../address.ts'
import { AccessError, PeerError, UpstreamError, messageOf } from '../errors.ts'
import { whomToAsk } from '../routes/route.ts'

/**
 * What a tunnel is to reach behind a bastion; undefined where its route leads to no bastion. The connector
 * looks whether it may, by its own list: here it is asked for and no more.
 *
 * @throws PeerError `bastion-target-missing`; `no-bastion` where a target is named and nothing would come of it
 */
export function bastionTargetOf({ request, route }: Grant): HostPort | undefined {
  const { bastionTarget } = request
  const isBastion = route.way.kind === 'connector' && route.way.isBastion === true
  if (isBastion && bastionTarget === undefined) {
    throw new PeerError(
      'bastion-target-missing',
      `"${route.name}" is a bastion for many machines`,
      {
        hint: 'name one with "postern access tcp --destination HOST:PORT"',
      },
    )
  }
  if (!isBastion && bastionTarget !== undefined) {
    const named = formatAuthority(bastionTarget)
    throw new PeerError(
      'no-bastion',
      `"${route.name}" is no bastion, and does not lead to "${named}"`,
      {
        hint: 'leave out "--destination"',
      },
    )
  }
  return bastionTarget
}

/**
 * What a caller hears where every connector has answered that its rules have no way to what they named:
 * trying again would change nothing. Undefined for every other failure.
 */
export function bastionTargetRefused(
  { request: { bastionTarget }, route, caller }: Grant,
  failures: readonly unknown[],
): AccessError | undefined {
  if (bastionTarget === undefined || failures.length === 0 || !failures.every(isWithoutRule))
    return undefined
  const whom = caller.session === undefined ? 'whoever runs it' : whomToAsk(route)
  const named = formatAuthority(bastionTarget)
  return new AccessError(
    'bastion-target-refused',
    `the bastion "${route.name}" does not lead to "${named}"`,
    {
      hint: `what it may reach is in its connector's "ipRules": ask ${whom} to add it`,
      cause: new Error(failures.map(messageOf).join('; ')),
    },
  )
}

function isWithoutRule(error: unknown): boolean {
  return error instanceof UpstreamError && error.code === 'connector-no-rule'
}
