import type { GatewayClient } from '../../client/gateway-client.ts'
import { followEndSignals } from '../process/signals.ts'
import type { Voice } from '../speech/voice.ts'
import { openLocalRoute, type LocalRoute } from './local-route.ts'
import type { ProgramEnd } from './run-program.ts'
import { untilDrained, untilLeft } from './while-in-use.ts'

/** A route that is open for a program. */
export interface Opened extends Pick<LocalRoute, 'local'> {
  /** Resolves when a program that runs on its own has left it, or a signal asks to end. */
  untilLeft(): Promise<void>
}

/** A route to open, by whose tunnels. */
export interface RouteToOpen {
  readonly authority: string
  readonly client: GatewayClient
}

/**
 * Opens routes, runs a program with them, and closes them when it has ended. Resolves to how it ended, or to an exit
 * code when a signal came before it was started.
 *
 * @throws what keeps a route from being opened, or the program from being started
 */
export async function withLocalRoutes(
  wanted: readonly RouteToOpen[],
  voice: Voice,
  run: (opened: readonly Opened[]) => Promise<ProgramEnd>,
): Promise<ProgramEnd | number> {
  const routes: LocalRoute[] = []
  try {
    const opened = await openAll(wanted, routes, voice)
    if (opened !== undefined) return opened
    const end = await run(
      routes.map((route) => ({ local: route.local, untilLeft: leaving(route) })),
    )
    await drain(routes, voice)
    return end
  } finally {
    const clients = new Set(wanted.map(({ client }) => client))
    await Promise.all(routes.map((route) => route.close()))
    await Promise.all([...clients].map((client) => client.destroy()))
    for (const route of routes) route.tell()
  }
}

/** One after the other: a sign-in for one gateway does for all of its routes. */
async function openAll(
  wanted: readonly RouteToOpen[],
  routes: LocalRoute[],
  voice: Voice,
): Promise<number | undefined> {
  using ending = followEndSignals()
  try {
    for (const each of wanted) routes.push(await openLocalRoute(each, voice, ending.signal))
    return ending.exitCode
  } catch (error) {
    if (ending.exitCode !== undefined) return ending.exitCode
    throw error
  }
}

function leaving(route: LocalRoute): () => Promise<void> {
  return async () => {
    using ending = followEndSignals()
    await untilLeft(route, ending.signal)
  }
}

async function drain(routes: readonly LocalRoute[], voice: Voice): Promise<void> {
  using ending = followEndSignals()
  const left = await untilDrained(routes, ending.signal)
  if (left === 0 || ending.signal.aborted) return
  const connections = left === 1 ? '1 connection is' : `${left} connections are`
  voice.warn(
    `${connections} cut: the program has ended, and left others that still used the tunnel`,
  )
}
