import { setTimeout as wait } from 'node:timers/promises'
import { untouched, type Fault } from '../fault.ts'

/** Several times the interval in which the provider is asked about a session. */
const downMs = 8_000

export const providerDown: Fault = {
  name: 'provider-down',
  done: 'the identity provider is gone, and is asked about sessions every 2 s',
  holds: 'everything comes out whole, and who is signed in gets new tunnels',
  setUp: () => ({}),
  terms: untouched,
  async run({ stage: { rig } }) {
    await rig.idp.close(0)
    await wait(downMs)
    return { seconds: downMs / 1000 }
  },
}
