import type { GatewayAddress } from '../../reach/destination.ts'
import { formatRouteTarget, parseRouteFrom } from '../../client/routes/route-target.ts'
import type { ClosedRoute, ListedRoute } from '../../client/routes/routes-answer.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { askRoutes, type AskedRoutes } from '../asking/ask-routes.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printText } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import { processVoice } from '../speech/voice.ts'

/** Prints the routes somebody may use; resolves to the exit code. */
export async function listRoutes(
  gatewayText: string | undefined,
  options: AskOptions & { readonly json: boolean },
): Promise<number> {
  const component = { human: 'routes', json: 'routes' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const asked = await askRoutes(gatewayText, options, voice)
  if (typeof asked === 'number') return asked
  if (options.json) printJson(toJson(asked))
  else printForPeople(asked)
  return exitCodes.ok
}

function printForPeople({ gateway, option, routes, closed }: AskedRoutes): void {
  if (routes.length === 0) {
    note(`no route of ${gateway.origin} is open to you now; ask whoever runs it for access`)
  } else {
    printTable([
      ['NAME', 'DESTINATION', 'DESCRIPTION'],
      ...routes.map((route) => [route.name, destinationOf(route, gateway), route.description]),
    ])
  }
  if (closed.length > 0) {
    const rows = closed.map(({ name, why, contact }) => [name, contact, why])
    if (routes.length > 0) printText('\n')
    printTable([['NOT OPEN TO YOU', 'ASK', 'WHY'], ...rows])
  }
  if (routes.length > 0) {
    note(`connect with: ${['postern connect', option, 'NAME'].filter(Boolean).join(' ')}`)
  }
}

/** What `postern tcp` takes; as the gateway wrote it where that is no TCP route. */
function destinationOf({ from }: ListedRoute, gateway: GatewayAddress): string {
  const targets = parseRouteFrom(from, gateway)
  return targets?.map((target) => formatRouteTarget(target, gateway)).join(', ') ?? from
}

function toJson({ gateway, routes, closed, sessionExpiresAt }: AskedRoutes): object {
  return {
    gateway: gateway.origin,
    session_expires_at: sessionExpiresAt,
    routes: routes.map((route) => ({
      ...describe(route, gateway),
      connect_command: route.connectCommand === '' ? undefined : route.connectCommand,
    })),
    listed_routes: closed.map((route: ClosedRoute) => ({
      ...describe(route, gateway),
      reasons: route.reasons,
      why: route.why,
      contact: route.contact,
    })),
  }
}

function describe(route: ListedRoute, gateway: GatewayAddress): object {
  const { id, name, type, from, description } = route
  return { id, name, type, from, description, destination: destinationOf(route, gateway) }
}
