import { readdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { connectPlain } from '../../bad-input/dial.ts'
import { inTime } from '../../e2e/child.ts'
import { untouched, type Fault } from '../fault.ts'
import { openTarget } from '../stage.ts'
import { byHttp2 } from '../ways.ts'

/** Of the gateway, in all; with what it has open before anybody comes. */
const limit = 160
/** More than there is room for, each silent. */
const strangers = 400
/** Each takes two descriptors: more than there are. */
const maxTunnels = 120
/** What it may keep for itself: files, and answers to those whom it refuses. */
const spare = 60

export const descriptorsExhausted: Fault = {
  name: 'descriptors-exhausted',
  done: `the gateway may have ${limit} descriptors: ${strangers} connections come that say nothing, and then tunnels are opened until one is refused`,
  holds: 'everything comes out whole, and there is room again when they are gone',
  setUp: () => ({ launcher: ['prlimit', `--nofile=${limit}:${limit}`] }),
  terms: untouched,
  async run({ stage: { rig, scope } }) {
    const sockets: Socket[] = []
    for (let count = 0; count < strangers; count += 1) {
      const socket = await connectPlain(rig)
      scope.defer(() => void socket.destroy())
      sockets.push(socket)
    }
    const way = byHttp2(scope, rig, openTarget)
    let tunnels = 0
    let isRefused = false
    while (!isRefused && tunnels < maxTunnels) {
      const opening = way.open((socket) => sockets.push(socket))
      isRefused = await inTime(opening, () => 'no answer', maxOpenMs).then(
        () => false,
        () => true,
      )
      if (!isRefused) tunnels += 1
    }
    const { length: open } = await readdir(`/proc/${rig.child().pid}/fd`)
    for (const socket of sockets) socket.destroy()
    if (!isRefused) throw new Error('nobody was refused')
    if (open < limit - spare) throw new Error(`only ${open} descriptors were open`)
    return { strangers, tunnels }
  },
}

/** Whoever finds no descriptor is not answered at all. */
const maxOpenMs = 5_000
