import { mkdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import type { Protocol } from './endpoint.ts'
import type { Options } from './options.ts'
import { residentBytes } from './process-stats.ts'
import type { Generator } from './processes.ts'
import type { RunningTarget, Setting, Target } from './target.ts'
import type { Cost, Direction, Latency, Order, Result, Task } from './tasks.ts'

/** One target over one protocol: a row of the results. */
export interface Subject {
  readonly target: Target
  readonly protocol: Protocol
}

/** A measured value, by the name of its figure. Higher is worse but for those named `…PerSecond`. */
export type Figures = Readonly<Record<string, number>>

export interface Bench {
  readonly generator: Generator
  readonly ca: string
  readonly setting: Setting
  readonly options: Options
}

const bytesPerGib = 1024 ** 3
/** Tunnels opened before the first look at the memory, so that what is needed once is there. */
const warmTunnels = 100

export const throughputs = (['up', 'down'] as const).flatMap((direction) =>
  [1, 16, 100].map((streams) => ({ direction, streams })),
)

/** CPU time and wall clock of moving many bytes one way. */
export async function measureThroughput(
  bench: Bench,
  subject: Subject,
  running: RunningTarget,
  load: { readonly direction: Direction; readonly streams: number },
): Promise<Figures> {
  const bytes = Math.round(bench.options.gib * bytesPerGib)
  const task = { kind: 'throughput', ...load, bytes } as const
  const cost = costOf(await run(bench, subject, running, task))
  const gib = bytes / bytesPerGib
  return {
    cpuSecondsPerGib: cost.targetCpuSeconds / gib,
    ...(running.behind && {
      summedCpuSecondsPerGib: (cost.targetCpuSeconds + cost.behindCpuSeconds) / gib,
    }),
    mibPerSecond: (gib * 1024) / cost.seconds,
    // Near 1: the target is the bottleneck. Below: something else is, and mibPerSecond is no limit of it.
    targetBusy: cost.targetCpuSeconds / cost.seconds,
    generatorBusy: cost.generatorCpuSeconds / cost.seconds,
  }
}

/**
 * Round trip of 64 bytes through a tunnel, in microseconds; `added…` is what is over the round trip
 * straight to the upstream, measured just before.
 */
export async function measureLatency(
  bench: Bench,
  subject: Subject,
  running: RunningTarget,
): Promise<Figures> {
  const task = { kind: 'latency', pings: bench.options.pings } as const
  const direct = { port: bench.setting.upstreamPort, pid: running.pid }
  const without = latencyOf(await bench.generator.run({ task, ...order(bench, 'tcp', direct) }))
  const { p50Micros, p99Micros } = latencyOf(await run(bench, subject, running, task))
  return {
    p50Micros,
    p99Micros,
    addedP50Micros: p50Micros - without.p50Micros,
    addedP99Micros: p99Micros - without.p99Micros,
  }
}

/** Opening a tunnel, a byte each way, and closing it; 16 at a time. */
export async function measureOpens(
  bench: Bench,
  subject: Subject,
  running: RunningTarget,
): Promise<Figures> {
  const { opens: count } = bench.options
  const cost = costOf(await run(bench, subject, running, { kind: 'opens', count }))
  return {
    tunnelsPerSecond: count / cost.seconds,
    cpuMillisPerTunnel: (cost.targetCpuSeconds * 1_000) / count,
    ...(running.behind && {
      summedCpuMillisPerTunnel: ((cost.targetCpuSeconds + cost.behindCpuSeconds) * 1_000) / count,
    }),
  }
}

/** Memory of an idle tunnel, in a fresh process. `shared`: HTTP/2 tunnels of one connection. */
export async function measureIdle(
  bench: Bench,
  subject: Subject,
  shared: boolean,
): Promise<Figures> {
  const running = await startTarget(bench, subject.target)
  const hold = (count: number): Promise<Result> =>
    run(bench, subject, running, { kind: 'hold', count, shared })
  try {
    await hold(warmTunnels)
    const before = await settledMemory(running.pid)
    await hold(bench.options.tunnels)
    const after = await settledMemory(running.pid)
    return { kibPerTunnel: (after - before) / bench.options.tunnels / 1024 }
  } finally {
    await run(bench, subject, running, { kind: 'release' })
    await running.stop()
  }
}

/**
 * Round trip through a tunnel, as `measureLatency` has it, while connections of every kind that stalls
 * stand; in a fresh process.
 */
export async function measureStalled(bench: Bench, subject: Subject): Promise<Figures> {
  const running = await startTarget(bench, subject.target)
  const { stalled, pings } = bench.options
  try {
    await run(bench, subject, running, { kind: 'stall', count: stalled })
    const { p50Micros, p99Micros } = latencyOf(
      await run(bench, subject, running, { kind: 'latency', pings }),
    )
    return { p50Micros, p99Micros, residentMib: residentBytes(running.pid) / 1024 ** 2 }
  } finally {
    await run(bench, subject, running, { kind: 'release' })
    await running.stop()
  }
}

/** Starts a target in a directory of its own. */
export function startTarget(bench: Bench, target: Target): Promise<RunningTarget> {
  const directory = `${bench.setting.directory}/${target.name}`
  mkdirSync(directory, { recursive: true })
  return target.start({ ...bench.setting, directory })
}

export function run(bench: Bench, { protocol }: Subject, running: RunningTarget, task: Task) {
  return bench.generator.run({ task, ...order(bench, protocol, running) })
}

function order(
  bench: Bench,
  protocol: Protocol,
  { pid, port, behind = [] }: Pick<RunningTarget, 'pid' | 'port' | 'behind'>,
): Omit<Order, 'task'> {
  return { pid, behind, endpoint: { protocol, port, ca: bench.ca } }
}

function costOf(result: Result): Cost {
  const {
    seconds = 0,
    targetCpuSeconds = 0,
    behindCpuSeconds = 0,
    generatorCpuSeconds = 0,
  } = result
  return { seconds, targetCpuSeconds, behindCpuSeconds, generatorCpuSeconds }
}

function latencyOf({ p50Micros = 0, p99Micros = 0 }: Result): Latency {
  return { p50Micros, p99Micros }
}

/** Looks until the memory has not grown or shrunk by 1 % for three seconds; at most twenty. */
export async function settledMemory(pid: number, calmSeconds = 3): Promise<number> {
  let bytes = residentBytes(pid)
  for (let seconds = 0, calm = 0; seconds < 30 && calm < calmSeconds; seconds++) {
    await delay(1_000)
    const now = residentBytes(pid)
    calm = Math.abs(now - bytes) < bytes / 100 ? calm + 1 : 0
    bytes = now
  }
  return bytes
}
