import type { GatewayClient } from '../../client/gateway-client.ts'
import {
  startForward,
  type ConnectionEvent,
  type Forward,
  type ForwardOptions,
} from '../../client/serve/forward.ts'
import { withFirstTunnel } from '../../client/serve/first-tunnel.ts'
import { privateLoopback } from '../../client/serve/private-loopback.ts'
import { admitSameUser, type Admission } from '../../client/serve/same-user.ts'
import { parseAuthority, type HostPort } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import { connectionWords } from '../speech/connection-words.ts'
import { keptVoice } from '../speech/kept-voice.ts'
import type { Voice } from '../speech/voice.ts'

/** A route at a local address that is there for one program. */
export interface LocalRoute {
  readonly local: HostPort
  /** Connections that are open. */
  live(): number
  /** What has passed, both ways, in bytes. */
  passedBytes(): number
  /** Stops to listen, and cuts what is still open. */
  close(): Promise<void>
  /** Says what went wrong with connections; to be called once nobody else has the terminal. */
  tell(): void
}

/**
 * Opens the first tunnel and listens for the program's connections, which only programs of this user may make where
 * the system can tell.
 *
 * @throws what `GatewayClient.open` throws: the route is refused, or its service cannot be reached
 */
export async function openLocalRoute(
  { client, authority }: { readonly client: GatewayClient; readonly authority: string },
  voice: Voice,
  signal: AbortSignal,
): Promise<LocalRoute> {
  const component = { human: 'tunnel', json: 'tunnel' }
  const later = keptVoice(component)
  const words = connectionWords(later.voice)
  const live = new Map<number, ConnectionEvent['connection']>()
  let passedBytes = 0

  function report(event: ConnectionEvent): void {
    const { id, bytes } = event.connection
    if (event.kind === 'began') live.set(id, event.connection)
    else if (event.kind !== 'connected') {
      live.delete(id)
      passedBytes += bytes.up + bytes.down
    }
    words.report(event)
  }

  const admission = await ownUserOnly(voice)
  const opener = await withFirstTunnel(client, authority, signal)
  const forward = await listenFor({ authority, client: opener, admission, report })
  const local = parseAuthority(forward.address)
  if (local === undefined) throw new Error(`"${forward.address}" is no address`)
  return {
    local,
    live: () => live.size,
    passedBytes: () =>
      [...live.values()].reduce((sum, { bytes }) => sum + bytes.up + bytes.down, passedBytes),
    close: () => forward.close(0),
    tell() {
      words.flush()
      later.say()
    },
  }
}

/** Ports below are the system's. */
const lowestPort = 1024

/**
 * At the route's own port where it is free, on an address of the route's own: programs look up what they remember by
 * both.
 */
async function listenFor(options: Omit<ForwardOptions, 'listen'>): Promise<Forward> {
  const host = privateLoopback(options.authority)
  const own = parseAuthority(options.authority)?.port ?? 0
  const at = (port: number): Promise<Forward> =>
    startForward({ ...options, listen: { kind: 'tcp', host, port } })
  // Where there is one address for all, a port of its own would be that of a service of this machine.
  if (own < lowestPort || host === '127.0.0.1') return at(0)
  return at(own).catch((error: unknown) => {
    if (error instanceof SystemError && error.code === 'address-in-use') return at(0)
    throw error
  })
}

/** Linux tells whose a connection is; elsewhere an address and port that nobody knows have to do. */
async function ownUserOnly(voice: Voice): Promise<Admission | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    return await admitSameUser({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  } catch (error) {
    if (!(error instanceof SystemError)) throw error
    voice.warn(`other users of this machine may use the local port: ${error.message}`)
    return undefined
  }
}
