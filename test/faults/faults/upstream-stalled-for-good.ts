import { broken, type Fault } from '../fault.ts'

export const upstreamStalledForGood: Fault = {
  name: 'upstream-stalled-for-good',
  done: 'the service reads and sends nothing any more, and its clients wait; `stall_timeout` is 2 s',
  holds: 'each end is told, and the log says `stall-timeout`',
  setUp: () => ({ route: { stall_timeout: '2s' }, settings: {} }),
  terms: (way) => (overRoutes.includes(way) ? broken() : { expected: 'whole' }),
  async run({ transfers, stage: { rig } }) {
    const stalled = transfers.filter(({ way }) => overRoutes.includes(way))
    for (const { service, down } of stalled) {
      service.pause()
      down.hold()
    }
    await Promise.all(stalled.map(({ down }) => down.over))
    // Who does not read is not told before it does.
    for (const { service } of stalled) service.resume()
    await Promise.all(stalled.map(({ up }) => up.over))
    const cut = rig.lines.all((line) => line['ended'] === 'stall-timeout')
    if (cut.length !== stalled.length) throw new Error(`${cut.length} ended by stall_timeout`)
    return { cut: cut.length }
  },
}

/** The others are applications, and have the default of an hour. */
const overRoutes: readonly string[] = ['postern tcp', 'HTTP/2', 'WebSocket']
