import type { Grant } from '../access/grant.ts'
import { formatAuthority, type HostPort } from '../address.ts'
import { PeerError } from '../errors.ts'

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
