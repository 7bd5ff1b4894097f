import type { Logger } from '../log.ts'
import { within, type Closable } from '../shutdown.ts'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { Port } from '../port/port.ts'
import type { Turns } from '../turns.ts'

export interface ShutdownParts {
  readonly port: Port
  readonly liveTunnels: LiveTunnels
  readonly words: Pick<Turns, 'passed'>
  readonly logger: Logger
  /** Everything else that is open. */
  readonly running: AsyncDisposable
}

/** Time for the last bytes of tunnels to leave, and for their log lines, in milliseconds. */
const lastBytesMs = 2_500

/**
 * Ends a gateway: stops accepting, lets tunnels finish for `graceMs`, cuts those that are left and
 * says how many, then lets go of everything. Calling it again waits for the same end.
 */
export function createShutdown({
  port,
  liveTunnels,
  words,
  logger,
  running,
}: ShutdownParts): Closable['close'] {
  let closed: Promise<void> | undefined
  return (graceMs) => (closed ??= shutDown(graceMs))

  async function shutDown(graceMs: number): Promise<void> {
    logger.info('stopping', { tunnels: liveTunnels.size, 'grace-ms': graceMs })
    port.stopAccepting()
    await within(graceMs, liveTunnels.drained())
    const tunnelsCut = liveTunnels.size
    if (tunnelsCut > 0) port.announceCut('shutdown')
    liveTunnels.cutAll('shutdown')
    port.letGo()
    // A tunnel has ended when its last bytes are handed over, not when they have left.
    await within(lastBytesMs, Promise.all([liveTunnels.drained(), port.emptied()]))
    await words.passed()
    await running[Symbol.asyncDispose]()
    logger.info('stopped', { 'tunnels-cut': tunnelsCut })
  }
}
