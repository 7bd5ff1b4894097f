import { setTimeout as wait } from 'node:timers/promises'
import { connectionCount } from '../../e2e/publisher.ts'
import { untouched, type Fault } from '../fault.ts'
import { layLine, type Line } from '../line.ts'
import { openTarget, untilBack } from '../stage.ts'
import { byHttp2, byWebSocket } from '../ways.ts'

const cutMs = 30_000

let line: Line | undefined

export const connectorCutOff: Fault = {
  name: 'connector-cut-off',
  done: 'nothing passes between the connector and the gateway for 30 s, and nobody says so',
  holds: 'both ends of what went through it are told; it comes back by itself; nobody else notices',
  setUp: () => ({
    async connectorTo(scope, port) {
      line = await layLine(scope, port)
      return line.port
    },
  }),
  terms: (way) => (way === 'connector' ? { expected: 'reported' } : untouched()),
  async run({ stage, transfers }) {
    if (line === undefined) throw new Error('there is no line to cut')
    const connector = stage.connector()
    line.cut()
    const own = transfers.filter(({ way }) => way === 'connector')
    await Promise.all([wait(cutMs), ...own.flatMap(({ up, down }) => [up.over, down.over])])
    line.mend()
    await untilBack(connector)
    return { 'connections made anew': connectionCount }
  },
}

export const clientCutOff: Fault = {
  name: 'client-cut-off',
  done: 'nothing passes between clients over HTTP/2 and a WebSocket and the gateway for 30 s',
  holds: 'everything comes out whole: whoever says nothing is taken for lost after 75 s',
  terms: untouched,
  async run({ stage: { scope, rig }, start }) {
    const own = await layLine(scope, rig.port)
    const gateway = { ...rig, port: own.port }
    const ways = [byHttp2(scope, gateway, openTarget), byWebSocket(scope, gateway, openTarget)]
    for (const way of ways) await start(way, { expected: 'whole' })
    own.cut()
    await wait(cutMs)
    own.mend()
    return { clients: ways.length }
  },
}
