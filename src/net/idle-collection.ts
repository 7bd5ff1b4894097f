// When a process that was busy gives its memory back.
import { performance, type EventLoopUtilization } from 'node:perf_hooks'

import { collectGarbage } from './runtime.ts'

const mib = 1024 * 1024

/** Between two looks, in milliseconds. */
const lookEveryMs = 2_000
/** More bytes than were left by the last collection; fewer are not worth one. */
const worthBytes = 32 * mib
/** Share of the time since the last look that a process may work and be idle: its pages are given back as well. */
const idleShare = 0.1
/** The same for one that has time for a collection: whoever works more meets V8's own limits soon. */
const calmShare = 0.5
/** Bytes of the heap up to which a process is small enough to stand still for a collection (0.15 s at most). */
const smallHeapBytes = 256 * mib
/** Bytes in use after it up to which its pages are given back too (0.1 s at most). */
const returnedBytes = 64 * mib

/** What is looked at; those of this process by default. */
export interface ProcessMemory {
  /** Bytes in memory (RSS). */
  resident(): number
  /** Bytes of the heap, garbage among them. */
  heap(): number
  /** What the event loop did since the one given. */
  utilization(since?: EventLoopUtilization): EventLoopUtilization
  /** At most so many bytes may be in use for pages to be given back. */
  collect(returned: number): void
}

const ofThisProcess: ProcessMemory = {
  resident: () => process.memoryUsage.rss(),
  heap: () => process.memoryUsage().heapUsed,
  utilization: (since) => performance.eventLoopUtilization(since),
  collect: collectGarbage,
}

/**
 * Collects what is garbage once a process has time for it that has grown by 32 MiB or more since it did so last, and
 * gives pages back once it is idle.
 *
 * V8 collects by what is allocated, so what the last load left stays as long as nothing happens, at night too: after
 * 100,000 streams a gateway kept 310 MiB, and a connector 146. Slow work leaves it, too: buffers that wait long are
 * no longer young, and 1,000 uploads over a slow line dropped as much again as they held. A process whose memory is
 * in use does it once, and not again before it has grown. One with a heap of more than 256 MiB is left to V8, which
 * does it in small steps when there is something to do: whoever types through it would notice this.
 *
 * It keeps no process alive. Ends with `Symbol.dispose`.
 */
export function collectWhenIdle(memory = ofThisProcess, everyMs = lookEveryMs): Disposable {
  let last = memory.utilization()
  /** What was resident after a collection, and after the last that gave pages back: one alone frees few of them. */
  const left = { collected: memory.resident(), returned: memory.resident() }
  const look = (): void => {
    const { utilization } = memory.utilization(last)
    last = memory.utilization()
    if (utilization > calmShare || memory.heap() > smallHeapBytes) return
    const isIdle = utilization <= idleShare
    if (memory.resident() - (isIdle ? left.returned : left.collected) < worthBytes) return
    memory.collect(isIdle ? returnedBytes : 0)
    left.collected = memory.resident()
    if (isIdle) left.returned = left.collected
  }
  const timer = setInterval(look, everyMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
