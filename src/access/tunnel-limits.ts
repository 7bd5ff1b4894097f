import { AccessError } from '../errors.ts'
import type { Grant } from './grant.ts'
import { whomToAsk } from '../routes/route.ts'
import type { Route } from '../routes/route.ts'
import type { TunnelRegister } from './tunnel-register.ts'

export interface TunnelLimitParts {
  /** Most tunnels of one person or service account at once; 0 for no limit. */
  maxTunnelsPerUser(): number
}

/** How many tunnels may be open at once. */
export interface TunnelLimits {
  /** @throws AccessError `too-many-tunnels` when one more is too many */
  checkRoom(grant: Grant): void
}

/** Makes the limits that the configuration sets; those that are open already stay when it sets lower ones. */
export function createTunnelLimits(
  { maxTunnelsPerUser }: TunnelLimitParts,
  { countOfRoute, countOfUser }: Pick<TunnelRegister, 'countOfRoute' | 'countOfUser'>,
): TunnelLimits {
  return {
    checkRoom({ route, caller: { session } }) {
      if (route.maxTunnels > 0 && countOfRoute(route.id) >= route.maxTunnels)
        throw routeIsFull(route)
      const maxTunnels = maxTunnelsPerUser()
      if (session === undefined || maxTunnels === 0) return
      if (countOfUser(session.userId) >= maxTunnels) {
        throw tooManyOf(session.email ?? session.userId, maxTunnels)
      }
    },
  }
}

function routeIsFull(route: Route): AccessError {
  const { name, maxTunnels } = route
  const message = `route "${name}" has ${count(maxTunnels)} open, which is as many as it allows`
  return new AccessError('too-many-tunnels', message, {
    hint: `try again when somebody has closed one, or ask ${whomToAsk(route)} for a higher "max_tunnels"`,
  })
}

function tooManyOf(who: string, maxTunnels: number): AccessError {
  const message = `"${who}" has ${count(maxTunnels)} open, which is as many as one person may have here`
  return new AccessError('too-many-tunnels', message, {
    hint: 'close some, or ask whoever runs this gateway for a higher "max_tunnels_per_user"',
  })
}

function count(tunnels: number): string {
  return tunnels === 1 ? '1 tunnel' : `${tunnels} tunnels`
}
