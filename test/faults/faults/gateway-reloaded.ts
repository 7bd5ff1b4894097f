import { untouched, type Fault } from '../fault.ts'

const times = { short: 5, long: 100 } as const

export const gatewayReloaded: Fault = {
  name: 'gateway-reloaded',
  done: 'the configuration is edited 100 times, one change taken over after the other',
  holds: 'everything comes out whole',
  isShort: true,
  terms: untouched,
  async run({ stage: { rig }, isShort }) {
    const wanted = isShort ? times.short : times.long
    const reloaded = (): number =>
      rig.lines.all(({ message }) => message === 'configuration reloaded').length
    const before = reloaded()
    for (let count = 1; count <= wanted; count += 1) {
      const description = `edited ${count} times`
      await rig.configure((file) => ({
        ...file,
        routes: file.routes.map((route) => ({ ...route, description })),
      }))
      // By its count: all of them say the same.
      await rig.lines.first(() => reloaded() >= before + count)
    }
    return { reloads: wanted }
  },
}
