import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { inTime } from '../e2e/child.ts'
import type { FaultService } from './service.ts'
import { startWay, type RunningWay } from './one-way.ts'

/** How a client reaches the service. */
export interface Way {
  readonly name: WayName
  /** Whether it can end one direction alone: stock clients over a WebSocket cannot. */
  readonly hasHalfClose: boolean
  open(): Promise<Duplex>
}

export const wayNames = [
  'postern tcp',
  'HTTP/2',
  'WebSocket',
  'stock WebSocket',
  'connector',
] as const
export type WayName = (typeof wayNames)[number]

/** What has to become of a transfer. */
export type Expected =
  /** It comes out whole both ways. */
  | 'whole'
  /** In each direction the receiver is told, by an error, that it did not. */
  | 'reported'
  /** One of the two, in each direction. */
  | 'either'

/** What a transfer is judged by. */
export interface Terms {
  readonly expected: Expected
  /**
   * Directions of which only the operating system of a process that is gone can tell the end, and may tell it as an orderly
   * one: what it would tell without Postern as well.
   */
  readonly excused?: readonly ('up' | 'down')[]
}

/** Both directions of one tunnel, with content under way. */
export interface Transfer {
  readonly way: WayName
  readonly terms: Terms
  readonly client: Duplex
  readonly service: Socket
  readonly up: RunningWay
  readonly down: RunningWay
  /** Both senders end in order where they can; resolves once both receivers have heard something, or it is too late. */
  finish(limitMs: number): Promise<void>
}

/** As much as the ends know it for: with less it may wait in some buffer. */
const underWayBytes = 128 * 1024

/** Opens a tunnel and resolves once bytes come over it both ways. */
export async function startTransfer(
  way: Way,
  services: FaultService,
  terms: Terms,
): Promise<Transfer> {
  const client = await way.open()
  const { id, head, arrives } = services.expect()
  client.write(head)
  const service = await inTime(arrives, () => `no tunnel by ${way.name}`)
  const up = startWay(
    `${way.name} ${id} up`,
    client,
    service,
    way.hasHalfClose ? undefined : () => undefined,
  )
  const down = startWay(`${way.name} ${id} down`, service, client)
  await untilReceived([up, down], underWayBytes, way.name)
  return {
    way: way.name,
    terms,
    client,
    service,
    up,
    down,
    async finish(limitMs) {
      const over = Promise.all([up.over, down.over])
      const asked = finishBoth(up, down, way)
      await inTime(Promise.all([asked, over]), () => '', limitMs).catch(() => undefined)
    },
  }
}

/** Where only both directions can end, the service ends when it has everything. */
async function finishBoth(up: RunningWay, down: RunningWay, way: Way): Promise<void> {
  if (way.hasHalfClose) return void (await Promise.all([up.finish(), down.finish()]))
  await up.finish()
  while (up.receivedBytes < up.sentBytes && !up.isOver && !down.isOver) await wait(pollMs)
  await down.finish()
}

/** Resolves once so many bytes have come over each; rejects where one is over before that. */
export async function untilReceived(
  ways: readonly Pick<RunningWay, 'receivedBytes' | 'isOver'>[],
  bytes: number,
  name: string,
): Promise<void> {
  const deadlineMs = performance.now() + maxWaitMs
  for (;;) {
    const waiting = ways.filter(({ receivedBytes }) => receivedBytes < bytes)
    if (waiting.length === 0) return
    if (waiting.some(({ isOver }) => isOver)) throw new Error(`${name}: ended too early`)
    if (performance.now() > deadlineMs) throw new Error(`${name}: no bytes come`)
    await wait(pollMs)
  }
}

const pollMs = 10
/** Far longer than a busy machine takes, in milliseconds. */
const maxWaitMs = 60_000
