// Every way to a service runs one suite. Through a connector it runs over the whole of it: a connector that dials a port,
// registers there for a named tunnel, and dials services; ours verifies grants, and the stock one is played by its wire.
import { after } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock, type Clock } from '../../src/clock.ts'
import { startService } from '../../src/gateway/gateway.fixture.ts'
import type { LookUpAll } from '../../src/net/dial.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import type { Upstream, UpstreamWay } from '../../src/routes/upstream-way.ts'
import { waysSuite, type SilentPlace, type TestedWay } from '../../src/upstream/ways.suite.ts'
import { openHarbour, type Harbour } from './harbour.ts'

/** How long a stock connector may take for a stream, in milliseconds; no test waits for that. */
const stockOpenTimeoutMs = 15_000
let stockTimeoutMs = stockOpenTimeoutMs
const shortened: Clock = {
  now: () => systemClock.now(),
  schedule: (delayMs, callback) =>
    systemClock.schedule(delayMs === stockOpenTimeoutMs ? stockTimeoutMs : delayMs, callback),
}

const harbour = await openHarbour()
const stockHarbour = await openHarbour({ clock: shortened })
after(async () => {
  await harbour[Symbol.asyncDispose]()
  await stockHarbour[Symbol.asyncDispose]()
})

const special = new Map<number, Parameters<Harbour['join']>[2] & { readonly rules: string }>()

waysSuite({
  ...throughReplicas(harbour, async (tunnelId, port) => {
    const { rules = `  - service: tcp://127.0.0.1:${port}\n`, ...options } = special.get(port) ?? {}
    const joined = await harbour.join(await harbour.credentialOf(tunnelId), rules, options)
    for (const index of [0, 1, 2, 3]) await joined.log.line(new RegExp(`connIndex=${index} `))
  }),
  name: 'a way through a connector',
  tellsReset: true,
  async refusing() {
    return { port: await freePort(), why: /refused the connection/, ...nothingToClose }
  },
  async silent(timeoutMs) {
    const port = await freePort()
    const asked = Promise.withResolvers<void>()
    const lookUpService: LookUpAll = () => asked.resolve()
    const request = `originRequest: {connectTimeout: ${timeoutMs}ms}`
    special.set(port, {
      rules: `  - {service: "tcp://silent.test:1", ${request}}\n`,
      lookUpService,
    })
    return silentAt(port, harbour, asked.promise)
  },
})

const silentStock = new Map<number, () => void>()

waysSuite({
  ...throughReplicas(stockHarbour, (tunnelId, port) => {
    const onAsked = silentStock.get(port)
    const onStream = (_stream: unknown, headers: Readonly<Record<string, unknown>>): boolean => {
      if (headers['sec-websocket-key'] === undefined) return false
      onAsked?.()
      return true
    }
    return stockHarbour.joinStock(tunnelId, onAsked ? { onStream } : { origin: port })
  }),
  name: 'a way through a connector shaped as the stock one',
  tellsReset: false,
  endsBothWays: 'whichever direction ends first ends both there',
  hidesResets: 'a reset ends the connection to the service in order there',
  async refusing() {
    return {
      port: await freePort(),
      why: /the connector has not reached the service/,
      ...nothingToClose,
    }
  },
  async silent(timeoutMs) {
    const port = await freePort()
    const asked = Promise.withResolvers<void>()
    silentStock.set(port, asked.resolve)
    stockTimeoutMs = timeoutMs
    return silentAt(port, stockHarbour, asked.promise)
  },
})

/** A named tunnel for each list of places, with a replica of its connector for each of them. */
function throughReplicas(
  at: Harbour,
  join: (tunnelId: string, port: number) => Promise<void>,
): Pick<TestedWay, 'kind' | 'isDialledElsewhere' | 'links' | 'to' | 'leadTo'> {
  const tunnels = new Map<string, Promise<string>>()

  async function publish(ports: readonly number[]): Promise<string> {
    const tunnelId = await at.createTunnel()
    for (const port of ports) await join(tunnelId, port)
    return tunnelId
  }
  return {
    kind: 'connector',
    isDialledElsewhere: 'a connector dials, by its own rules',
    links: () => at.links,
    async to(upstreams: readonly (number | Upstream)[]): Promise<UpstreamWay> {
      const ports = upstreams.map((it) => (typeof it === 'number' ? it : it.port))
      const known = tunnels.get(ports.join()) ?? publish(ports)
      tunnels.set(ports.join(), known)
      return { kind: 'connector', tunnel: await known, service: undefined }
    },
    leadTo: startService,
  }
}

function silentAt(port: number, { links }: Harbour, asked: Promise<void>): SilentPlace {
  const isStill = async (): Promise<void> => {
    while (links.list().some(({ streams }) => streams > 0)) await turn()
  }
  return { port, parts: {}, asked, closed: asked.then(isStill), ...nothingToClose }
}

const nothingToClose = { [Symbol.asyncDispose]: () => Promise.resolve() }
