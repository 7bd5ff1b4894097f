import { personAt, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

export const target = 'echo.example.com:7'

/** A gateway whose only route leads to an echo, and Alice, who has not signed in yet. */
export async function startEcho(
  scope: Scope,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<{ rig: GatewayRig; person: Person }> {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [route(target, service)], settings)
  return { rig, person: await personAt(scope, rig, alice) }
}
