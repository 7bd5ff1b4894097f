import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { portalFile, stalls } from '../test/bad-input/stalled.ts'
import { receive, chunk, encodeOrder, pour } from './bytes.ts'
import type { Endpoint } from './endpoint.ts'
import { cpuSeconds } from './process-stats.ts'
import { percentile } from './statistics.ts'
import { createOpener } from './tunnels.ts'
import type { Opener } from './tunnels.ts'

/** What the generator can be asked to do; results are plain data. */
export type Task =
  | {
      readonly kind: 'throughput'
      readonly direction: Direction
      readonly streams: number
      readonly bytes: number
    }
  | { readonly kind: 'latency'; readonly pings: number }
  | { readonly kind: 'opens'; readonly count: number }
  | { readonly kind: 'hold'; readonly count: number; readonly shared: boolean }
  | { readonly kind: 'stall'; readonly count: number }
  | { readonly kind: 'stop'; readonly direction: Direction; readonly count: number }
  | { readonly kind: 'upload'; readonly count: number }
  | { readonly kind: 'release' }

/** `up` is from client to upstream. */
export type Direction = 'up' | 'down'

/** A task, the target's place and the processes whose CPU time it costs. */
export interface Order {
  readonly task: Task
  readonly endpoint: Endpoint
  readonly pid: number
  readonly behind: readonly number[]
}

/** Cost of a task: wall clock, and CPU of the target, of what is behind it, and of the generator itself. */
export interface Cost {
  readonly seconds: number
  readonly targetCpuSeconds: number
  readonly behindCpuSeconds: number
  readonly generatorCpuSeconds: number
}

export interface Latency {
  readonly p50Micros: number
  readonly p99Micros: number
}

export interface Result extends Partial<Cost>, Partial<Latency> {
  readonly error?: string
}

const pingBytes = 64
/** Tunnels being opened at the same time. */
const openConcurrency = 16

/** Addresses that they come from: one alone has a limit of its own. */
const stallAddresses = 100

/** Tunnels held open between `hold` and `release`. */
const held: Opener[] = []

export async function perform({ task, endpoint, ...whose }: Order): Promise<Result> {
  if (task.kind === 'throughput') return throughput(endpoint, whose, task)
  if (task.kind === 'latency') return latency(endpoint, task.pings)
  if (task.kind === 'opens') return opens(endpoint, whose, task.count)
  if (task.kind === 'hold') return hold(endpoint, task.count, task.shared)
  if (task.kind === 'stall') return stall(endpoint, task.count)
  if (task.kind === 'stop') return stopReading(endpoint, task)
  if (task.kind === 'upload') return upload(endpoint, task.count)
  for (const opener of held.splice(0)) opener.close()
  return {}
}

async function throughput(
  endpoint: Endpoint,
  whose: Processes,
  task: Extract<Task, { kind: 'throughput' }>,
): Promise<Cost> {
  const opener = createOpener(endpoint, true)
  const tunnels = await Promise.all(Array.from({ length: task.streams }, () => opener.open()))
  const share = Math.ceil(task.bytes / task.streams)
  const cost = await costOf(whose, async () => {
    await Promise.all(
      tunnels.map((tunnel) => {
        const isUp = task.direction === 'up'
        const done = receive(tunnel, isUp ? 1 : share)
        tunnel.write(encodeOrder(isUp ? 'S' : 'P', share))
        if (isUp) pour(tunnel, share)
        return done
      }),
    )
  })
  opener.close()
  return cost
}

async function latency(endpoint: Endpoint, pings: number): Promise<Latency> {
  const opener = createOpener(endpoint, true)
  const tunnel = await opener.open()
  const ping = chunk.subarray(0, pingBytes)
  tunnel.write(encodeOrder('E', 0))
  const micros: number[] = []
  for (let i = 0; i < pings; i++) {
    const begun = process.hrtime.bigint()
    const answered = receive(tunnel, pingBytes)
    tunnel.write(ping)
    await answered
    micros.push(Number(process.hrtime.bigint() - begun) / 1_000)
  }
  opener.close()
  const warm = micros.slice(Math.floor(pings / 10))
  return { p50Micros: percentile(warm, 50), p99Micros: percentile(warm, 99) }
}

async function opens(endpoint: Endpoint, whose: Processes, count: number): Promise<Cost> {
  const opener = createOpener(endpoint, true)
  const cost = await costOf(whose, () =>
    inParallel(count, async () => {
      const tunnel = await openAndTouch(opener)
      tunnel.destroy()
    }),
  )
  opener.close()
  return cost
}

async function hold(endpoint: Endpoint, count: number, shared: boolean): Promise<Result> {
  const opener = createOpener(endpoint, shared)
  held.push(opener)
  await inParallel(count, () => openAndTouch(opener))
  return {}
}

/** Far more than any stream is allowed to have under way. */
const endless = 2 ** 40

/** Streams on which one side sends and the other never reads. */
async function stopReading(
  endpoint: Endpoint,
  { direction, count }: Extract<Task, { kind: 'stop' }>,
): Promise<Result> {
  const opener = createOpener(endpoint, direction === 'up')
  held.push(opener)
  await inParallel(count, async () => {
    const tunnel = await opener.open()
    tunnel.write(encodeOrder(direction === 'up' ? 'N' : 'P', endless))
    if (direction === 'up') pour(tunnel, endless)
  })
  return {}
}

/** Streams that send without end. */
async function upload(endpoint: Endpoint, count: number): Promise<Result> {
  const opener = createOpener(endpoint, true)
  held.push(opener)
  const tunnels: Duplex[] = []
  // All before any: what opens one would wait behind what the others send.
  await inParallel(count, async () => tunnels.push(await opener.open()))
  for (const tunnel of tunnels) {
    tunnel.write(encodeOrder('S', endless))
    pour(tunnel, endless)
  }
  return {}
}

/** A tunnel that has carried a byte each way: nothing about it is still to be set up. */
async function openAndTouch(opener: Opener) {
  const tunnel = await opener.open()
  const answered = receive(tunnel, 1)
  tunnel.write(Buffer.concat([encodeOrder('E', 0), chunk.subarray(0, 1)]))
  await answered
  return tunnel
}

/** Connections without a tunnel that are held as cheaply as can be, so many of each kind. */
async function stall(endpoint: Endpoint, count: number): Promise<Result> {
  const path = await portalFile()
  const sockets: Socket[] = []
  held.push({
    open: () => Promise.reject(new Error('nothing opens by stalling')),
    close: () => sockets.forEach((socket) => socket.destroy()),
  })
  for (const open of Object.values(stalls)) {
    let begun = 0
    await inParallel(count, async () => {
      sockets.push(await open(endpoint, path, `127.0.${1 + (begun++ % stallAddresses)}.1`))
    })
  }
  return {}
}

async function inParallel(count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: Math.min(openConcurrency, count) }, worker))
}

type Processes = Pick<Order, 'pid' | 'behind'>

async function costOf({ pid, behind }: Processes, work: () => Promise<void>): Promise<Cost> {
  const ofBehind = (): number => behind.reduce((sum, each) => sum + cpuSeconds(each), 0)
  const before = {
    target: cpuSeconds(pid),
    behind: ofBehind(),
    own: process.cpuUsage(),
    at: performance.now(),
  }
  await work()
  const own = process.cpuUsage(before.own)
  return {
    seconds: (performance.now() - before.at) / 1_000,
    targetCpuSeconds: cpuSeconds(pid) - before.target,
    behindCpuSeconds: ofBehind() - before.behind,
    generatorCpuSeconds: (own.user + own.system) / 1_000_000,
  }
}
