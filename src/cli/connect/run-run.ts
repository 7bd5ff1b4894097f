import { SystemError } from '../../errors.ts'
import type { GatewayClient } from '../../client/gateway-client.ts'
import { environment } from '../process/environment.ts'
import { processVoice } from '../speech/voice.ts'
import { askedRoute, clientOf, type AskedRoute, type RouteOptions } from './asked-route.ts'
import { endAs, runProgram } from './run-program.ts'
import { parseNamedRoute, requireOwnNames, routeVariables } from './variables.ts'
import { withLocalRoutes, type RouteToOpen } from './with-local-routes.ts'

/** What stands before `--`, and behind it. */
export interface SplitWords {
  readonly routes: readonly string[]
  readonly command: readonly string[]
}

/**
 * Most routes of one command.
 *
 * @limit routes of one "postern run": an error
 */
const maxRoutes = 32

/**
 * Runs `postern run`; resolves to the exit code of the command.
 *
 * @throws AppError for everything that keeps it from starting
 */
export async function runWithRoutes(
  { routes: written, command: [file, ...args] }: SplitWords,
  options: RouteOptions,
): Promise<number> {
  if (file === undefined || written.length === 0) {
    throw new SystemError('invalid-option', 'no command is named', {
      hint: 'write it behind "--", as in "postern run db.example.com:5432 -- pg_dump shop"',
    })
  }
  if (written.length > maxRoutes) {
    throw new SystemError('invalid-option', `${written.length} routes are more than ${maxRoutes}`)
  }
  const component = { human: 'run', json: 'run' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const clients = new Map<string, GatewayClient>()
  const named = written.map(parseNamedRoute)
  const routes: (AskedRoute & RouteToOpen & { readonly name: string | undefined })[] = []
  for (const { name, route } of named) {
    const asked = await askedRoute(route, { command: 'postern run', options, voice })
    const { origin } = asked.gateway
    const client = clients.get(origin) ?? clientOf(asked, options, voice)
    clients.set(origin, client)
    routes.push({ ...asked, name, client })
  }
  requireOwnNames(routes)
  const end = await withLocalRoutes(routes, voice, (opened) => {
    const placed = routes.flatMap((route, index) => {
      const local = opened[index]?.local
      return local === undefined ? [] : [{ ...route, local }]
    })
    return runProgram({ file, args, env: { ...environment, ...routeVariables(placed) } })
  })
  return typeof end === 'number' ? end : endAs(end)
}
