import type { Clock } from '../clock.ts'
import { createAllowance } from './allowance.ts'

/** What is below it counts, in bytes: whoever has much to say fills a frame (16 KiB) or what is left of a window. */
const smallBytes = 256
/**
 * Each costs as much time as a full one, some 10 µs: in one turn of the event loop the reads of a hundred connections
 * bring half a million of them, and every tunnel waits.
 *
 * @limit pieces of less than 256 bytes in a row on the control stream of a connector's connection, and 16 more each
 * second: the connection is ended
 */
export const maxSmallPiecesOfControl = 256
/**
 * Several requests come at once.
 *
 * @limit pieces of less than 256 bytes in a row in which the body of a request outside of tunnels comes, and 16 more each
 * second: the connection is closed with its tunnels
 */
export const maxSmallPiecesOfBody = 32
const smallPiecesPerSecond = 16

/** Asked of each piece by its length; false where it is one too many. */
export function limitSmallPieces(
  clock: Pick<Clock, 'now'>,
  inARow: number,
): (bytes: number) => boolean {
  const mayComeNow = createAllowance(clock, { inARow, perSecond: smallPiecesPerSecond })
  return (bytes) => bytes >= smallBytes || mayComeNow()
}
