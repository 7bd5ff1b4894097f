// What a gateway and a connector hold when streams are stopped, slow, or have come and gone; each in fresh processes.
import { mkdirSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { run, settledMemory } from './measures.ts'
import type { Bench, Figures, Subject } from './measures.ts'
import { residentBytes } from './process-stats.ts'
import { median } from './statistics.ts'
import type { RunningTarget } from './target.ts'
import { programFile, startConnector, type Places } from './targets/gateway.ts'
import type { Task } from './tasks.ts'

const mib = 1024 ** 2
/** Streams that came and went before the first look, so that what is needed once is there. */
const warmStreams = 500
const stoppedStreams = 100
const uploads = 1_000
const slowBytesPerSecond = 8 * mib
/** How long uploads go on, in seconds, looked at each second. */
const uploadSeconds = 15
/** Streams after which the clients leave and others come: a connection of theirs takes some 130 KiB while it stands. */
const streamsOfClients = 1_000
/** A process gives back what it no longer needs within four seconds of its last work. */
const idleSeconds = 6

/** Comparisons of which the median is taken. */
const besidePairs = 7

/** By their names. */
export const memoryMeasures: Readonly<
  Record<string, (bench: Bench, subject: Subject) => Promise<Figures>>
> = {
  'stopped-at-gateway': (bench, subject) => measureStopped(bench, subject, 'down'),
  'stopped-at-connector': (bench, subject) => measureStopped(bench, subject, 'up'),
  'slow-uploads': measureUploads,
  'come-and-gone': measureComeAndGone,
  'beside-stopped': measureBesideStopped,
}

/** Memory of streams whose reader takes nothing while the other side sends all it may. */
function measureStopped(bench: Bench, subject: Subject, direction: 'up' | 'down') {
  return withConnector(bench, {}, async (running) => {
    const before = await held(bench, subject, running)
    const task = { kind: 'stop', direction, count: stoppedStreams } as const
    await run(bench, subject, running, task)
    const after = await settled(running)
    await run(bench, subject, running, { kind: 'release' })
    return added(before, after)
  })
}

/** Most memory while uploads wait for a line that takes 8 MiB a second. */
function measureUploads(bench: Bench, subject: Subject): Promise<Figures> {
  return withConnector(bench, { bytesPerSecond: slowBytesPerSecond }, async (running) => {
    const before = await held(bench, subject, running)
    await run(bench, subject, running, { kind: 'upload', count: uploads })
    let most = before
    for (let second = 0; second < uploadSeconds; second++) {
      await delay(1_000)
      const now = memoryOf(running)
      most = {
        gateway: Math.max(most.gateway, now.gateway),
        connector: Math.max(most.connector, now.connector),
      }
    }
    await run(bench, subject, running, { kind: 'release' })
    return added(before, most)
  })
}

/** Memory and descriptors when many streams, and one that carried much, are no more. */
function measureComeAndGone(bench: Bench, subject: Subject): Promise<Figures> {
  return withConnector(bench, {}, async (running) => {
    const much = {
      kind: 'throughput',
      direction: 'up',
      streams: 1,
      bytes: Math.round(bench.options.gib * 1024 ** 3),
    } as const
    // Once before, since the heap grows to what work needs and stays so.
    await run(bench, subject, running, much)
    const before = {
      ...(await held(bench, subject, running, idleSeconds)),
      descriptors: descriptors(running),
    }
    for (let left = bench.options.streams; left > 0; left -= streamsOfClients) {
      const count = Math.min(left, streamsOfClients)
      await run(bench, subject, running, { kind: 'opens', count })
    }
    await run(bench, subject, running, much)
    const after = await settled(running, idleSeconds)
    return { ...added(before, after), addedDescriptors: descriptors(running) - before.descriptors }
  })
}

/** How fast sixteen streams are while another one is not read, by how fast they are without it. */
function measureBesideStopped(bench: Bench, subject: Subject): Promise<Figures> {
  return withConnector(bench, {}, async (running) => {
    const bytes = Math.round((bench.options.gib / 2) * 1024 ** 3)
    const task = { kind: 'throughput', direction: 'down', streams: 16, bytes } as const
    const secondsOf = async (): Promise<number> =>
      (await run(bench, subject, running, task)).seconds ?? Number.NaN
    await secondsOf()
    const ratios: number[] = []
    for (let pair = 0; pair < besidePairs; pair++) {
      const without = await secondsOf()
      await run(bench, subject, running, { kind: 'stop', direction: 'down', count: 1 })
      ratios.push(without / (await secondsOf()))
      await run(bench, subject, running, { kind: 'release' })
    }
    return { speedBesideStopped: median(ratios) }
  })
}

interface Held {
  readonly gateway: number
  readonly connector: number
}

async function held(
  bench: Bench,
  subject: Subject,
  running: RunningTarget,
  calmSeconds?: number,
): Promise<Held> {
  const warm: Task = { kind: 'opens', count: warmStreams }
  await run(bench, subject, running, warm)
  return settled(running, calmSeconds)
}

async function settled(running: RunningTarget, calmSeconds?: number): Promise<Held> {
  const [gateway, connector] = await Promise.all([
    settledMemory(running.pid, calmSeconds),
    settledMemory(connectorOf(running), calmSeconds),
  ])
  return { gateway, connector }
}

function memoryOf(running: RunningTarget): Held {
  return { gateway: residentBytes(running.pid), connector: residentBytes(connectorOf(running)) }
}

function added(before: Held, after: Held): Figures {
  return {
    gatewayMib: (after.gateway - before.gateway) / mib,
    connectorMib: (after.connector - before.connector) / mib,
  }
}

function descriptors(running: RunningTarget): number {
  return [running.pid, connectorOf(running)]
    .map((pid) => readdirSync(`/proc/${pid}/fd`).length)
    .reduce((sum, count) => sum + count, 0)
}

function connectorOf({ behind = [] }: RunningTarget): number {
  return behind[0] ?? 0
}

async function withConnector(
  bench: Bench,
  line: Pick<Places, 'bytesPerSecond'>,
  measure: (running: RunningTarget) => Promise<Figures>,
): Promise<Figures> {
  const directory = `${bench.setting.directory}/connector`
  mkdirSync(directory, { recursive: true })
  const command = [bench.options.gateway ?? programFile]
  const running = await startConnector({ ...bench.setting, directory }, { command, ...line })
  try {
    return await measure(running)
  } finally {
    await running.stop()
  }
}
