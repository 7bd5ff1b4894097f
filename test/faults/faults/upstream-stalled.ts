import { setTimeout as wait } from 'node:timers/promises'
import { untouched, type Fault } from '../fault.ts'

const stallMs = { short: 1_500, long: 30_000 } as const

export const upstreamStalled: Fault = {
  name: 'upstream-stalled',
  done: 'the service reads and sends nothing for 30 s, and goes on',
  holds: 'everything comes out whole',
  isShort: true,
  terms: untouched,
  async run({ transfers, isShort }) {
    for (const { service, down } of transfers) {
      service.pause()
      down.hold()
    }
    await wait(isShort ? stallMs.short : stallMs.long)
    for (const { service, down } of transfers) {
      service.resume()
      down.goOn()
    }
    return { stalls: transfers.length }
  },
}
