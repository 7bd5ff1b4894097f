import { broken, type Fault } from '../fault.ts'

export const upstreamReset: Fault = {
  name: 'upstream-reset',
  done: 'the service resets every connection',
  holds: 'each end of every transfer is told',
  isShort: true,
  terms: broken,
  async run({ transfers }) {
    for (const { service } of transfers) service.resetAndDestroy()
    return { resets: transfers.length }
  },
}
