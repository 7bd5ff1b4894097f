// Loaded before the program of the gateway (`node --import`): at SIGUSR2 it collects garbage, counts what is left, and says so in
// one line on standard error. With POSTERN_SOAK_LEAK it loses something for each connection that the gateway makes to a service.
import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { findCollector } from '../../src/collected.fixture.ts'
import { leakNames, probeWord, type LeakName, type ProbeFigures } from './probe-figures.ts'

/** Of what is measured, in milliseconds. */
const resolutionMs = 10
const leakedBytes = 256 * 1024

/** Its threads load this as well. */
if (isMainThread) {
  answerSignals()
  for (const name of (process.env['POSTERN_SOAK_LEAK'] ?? '').split(',').filter(Boolean))
    plant(name)
}

function answerSignals(): void {
  const collect = findCollector()
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  const sockets = countMade('socket', 'net.client.socket', 'net.server.socket')
  const streams = countMade('stream', 'http2.server.stream.created', 'http2.client.stream.created')
  const timers = countTimers()
  process.on('SIGUSR2', () => {
    const loopDelayP99Ms = delays.percentile(99) / 1e6
    collect()
    // What was finalized by the first is garbage for the second.
    setImmediate(() => {
      collect()
      const { rss, heapUsed, external } = process.memoryUsage()
      const figures: ProbeFigures = {
        rssBytes: rss,
        heapBytes: heapUsed,
        externalBytes: external,
        handleBytes: getHeapStatistics().used_global_handles_size,
        sockets: sockets(),
        streams: streams(),
        timers: timers(),
        loopDelayP99Ms,
      }
      writeSync(2, `${probeWord}${JSON.stringify(figures)}\n`)
      // The standstill was ours.
      delays.reset()
    })
  })
}

/** Remembers objects, and counts those that are still held by somebody. */
function createCensus(): { add(object: object): void; count(): number } {
  const known = new Set<WeakRef<object>>()
  return {
    add: (object) => void known.add(new WeakRef(object)),
    count() {
      for (const one of known) if (one.deref() === undefined) known.delete(one)
      return known.size
    },
  }
}

/** What Node.js says that it makes, by the name that a message has for it. */
function countMade(what: string, ...channels: readonly string[]): () => number {
  const census = createCensus()
  for (const channel of channels)
    subscribe(channel, (message) => {
      const made = (message as Readonly<Record<string, unknown>>)[what]
      if (typeof made === 'object' && made !== null) census.add(made)
    })
  return census.count
}

function countTimers(): () => number {
  const census = createCensus()
  const counted =
    <Make extends (...args: never[]) => object>(make: Make) =>
    (...args: Parameters<Make>): object => {
      const timer = make(...args)
      census.add(timer)
      return timer
    }
  // The other properties, such as what `promisify` asks for, stay.
  globalThis.setTimeout = Object.assign(counted(setTimeout), setTimeout) as typeof setTimeout
  globalThis.setInterval = Object.assign(counted(setInterval), setInterval) as typeof setInterval
  return census.count
}

function plant(name: string): void {
  const kept: unknown[] = []
  const lose: Readonly<Record<LeakName, (socket: Socket) => void>> = {
    descriptor: () => void openSync('/dev/null', 'r'),
    socket: (socket) => void kept.push(socket),
    timer: () => void setTimeout(() => undefined, 2 ** 30).unref(),
    buffer: () => void kept.push(Buffer.alloc(leakedBytes, 1)),
    object: () =>
      void kept.push(Array.from({ length: leakedBytes / 8 }, (_, index) => index + 0.5)),
  }
  const leak = leakNames.find((known) => known === name)
  if (leak === undefined)
    throw new Error(`POSTERN_SOAK_LEAK: "${name}" is none of ${leakNames.join(', ')}`)
  const { connect } = Socket.prototype
  Socket.prototype.connect = function (this: Socket, ...args: Parameters<typeof connect>) {
    lose[leak](this)
    return connect.apply(this, args)
  } as typeof connect
}
