import { connectPlain } from '../../bad-input/dial.ts'
import { untouched, type Fault } from '../fault.ts'

/** Of the gateway, in all; with what it has open before anybody comes. */
const limit = 160
/** More than there is room for, each silent. */
const strangers = 400

export const descriptorsExhausted: Fault = {
  name: 'descriptors-exhausted',
  done: `the gateway may have ${limit} descriptors, and ${strangers} connections come that say nothing`,
  holds: 'everything comes out whole, and there is room again when they are gone',
  setUp: () => ({ launcher: ['prlimit', `--nofile=${limit}:${limit}`] }),
  terms: untouched,
  async run({ stage: { rig, scope } }) {
    const sockets = []
    for (let count = 0; count < strangers; count += 1) {
      const socket = await connectPlain(rig)
      scope.defer(() => void socket.destroy())
      sockets.push(socket)
    }
    const closed = sockets.filter((socket) => socket.resume().closed).length
    for (const socket of sockets) socket.destroy()
    return { strangers, 'closed at once': closed }
  },
}
