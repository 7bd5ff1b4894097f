import { systemClock } from '../../clock.ts'
import { createPeers, type Peers, type PeersOptions } from './peers.ts'

/** A register without limits but those that a test sets, which tells nobody. */
export function createTestPeers(options: Partial<PeersOptions> = {}): Peers {
  return createPeers({
    clock: systemClock,
    limits: { maxConnectionsPerAddress: 0, maxConnections: 0 },
    descriptors: { reserve: 0, free: () => Infinity, exhausted: () => undefined },
    report: () => undefined,
    ...options,
  })
}
