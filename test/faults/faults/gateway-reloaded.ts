import { untouched, type Fault } from '../fault.ts'
import { reconfigure } from '../reconfigure.ts'

const times = { short: 5, long: 100 } as const

export const gatewayReloaded: Fault = {
  name: 'gateway-reloaded',
  done: 'the configuration is edited 100 times, one change taken over after the other',
  holds: 'everything comes out whole',
  isShort: true,
  terms: untouched,
  async run({ stage: { rig }, isShort }) {
    const wanted = isShort ? times.short : times.long
    for (let count = 1; count <= wanted; count += 1) {
      const description = `edited ${count} times`
      await reconfigure(rig, (file) => ({
        ...file,
        routes: file.routes.map((route) => ({ ...route, description })),
      }))
    }
    return { reloads: wanted }
  },
}
