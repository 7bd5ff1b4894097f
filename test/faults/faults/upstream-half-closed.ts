import { untilReceived } from '../transfer.ts'
import type { Fault } from '../fault.ts'

/** What goes on in the other direction, in bytes. */
const furtherBytes = 512 * 1024

export const upstreamHalfClosed: Fault = {
  name: 'upstream-half-closed',
  done: 'the service ends its direction, and its clients go on sending',
  holds: 'both directions are whole; a stock client has no word for it, and its own direction ends',
  isShort: true,
  terms: (way) =>
    way === 'stock WebSocket' ? { expected: 'whole', excused: ['up'] } : { expected: 'whole' },
  async run({ transfers }) {
    await Promise.all(transfers.map(({ down }) => down.finish()))
    await Promise.all(transfers.map(({ down }) => down.over))
    const able = transfers.filter(({ way }) => way !== 'stock WebSocket').map(({ up }) => up)
    const before = Math.max(...able.map(({ receivedBytes }) => receivedBytes))
    await untilReceived(able, before + furtherBytes, 'the half that is open')
    return { 'half-closes': transfers.length }
  },
}
