// All orders of ends, aborts, closes, cuts and losses. Over HTTP/2 and a WebSocket a peer also vanishes: its
// connection stands, and nothing is read or answered, which PINGs find (every 100 ms here, in the product 25 s).
// The kernel of this machine answers for every TCP and TLS peer of these tests, and cannot play one that is
// gone: src/net/lost-host.test.ts and test/e2e/lost-host.test.ts do so, with bytes on their way, for clients
// and services, readers and stopped ones; a reset, or keepalive, that is heard while nobody reads is in
// src/net/unread.test.ts. A service is always TCP here.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { relay } from '../../src/net/relay.ts'
import { http2Lines, plainLines, tlsLines, webSocketLines, type LineFactory } from './peers.ts'
import { casesOf, isOver, nameOf, type Case } from './table.ts'

/** Cases at once: some wait for a limit of two seconds, and few need the processor. */
const concurrency = 16
const maxWaitMs = 10_000
/** Long enough for what has arrived to be noticed. */
const gapMs = 4
const maxLooks = 100

describe('the ends of a tunnel, in every order', () => {
  const transports = {
    TCP: plainLines,
    TLS: tlsLines,
    'HTTP/2': http2Lines,
    'a WebSocket': webSocketLines,
  }
  for (const [name, openLines] of Object.entries(transports)) {
    test(`over ${name}`, async () => {
      const before = await descriptors()
      const clients = await openLines()
      const services = await plainLines()
      const cases = casesOf(clients)
      assert.ok(cases.length > 500, `only ${cases.length} cases`)
      const faults = await runAll(cases, (each) => play(each, clients, services))
      clients.close()
      services.close()
      assert.deepEqual(faults, [])
      await until(
        async () => (await descriptors()) <= before,
        () => `descriptors stay open`,
      )
    })
  }
})

const tooEarly = 'the tunnel ends before anybody does anything'
/** How often a case is played whose peer was taken for gone by a machine that was busy for longer than PINGs wait. */
const maxPlays = 3

async function play(...[each, ...lines]: Parameters<typeof runCase>): Promise<string | undefined> {
  let fault: string | undefined
  for (let plays = 0; plays < maxPlays; plays += 1) {
    fault = await runCase(each, ...lines)
    if (fault?.endsWith(tooEarly) !== true) break
  }
  return fault
}

/** Plays one case; resolves to what is wrong. */
async function runCase(
  each: Case,
  clients: LineFactory,
  services: LineFactory,
): Promise<string | undefined> {
  const vanishes = each.acts.some(({ act }) => act === 'vanish')
  const [client, service] = await inTurn(() =>
    Promise.all([clients.open(vanishes), services.open(false)]),
  )
  const cut = new AbortController()
  let resolutions = 0
  const relayed = relay(client.near, service.near, {
    signal: cut.signal,
    lookIntervalMs: 100,
  }).then((end) => {
    resolutions += 1
    return end
  })
  const isHeld = (): boolean => !client.held.destroyed || !service.held.destroyed
  try {
    await stopReading(each, client, service)
    if (resolutions > 0) throw new Error(tooEarly)
    for (const { side, act } of each.acts) {
      if (side === 'gateway') cut.abort()
      else (side === 'client' ? client : service).peer.acts[act]?.()
      if (each.isSlow) await arrival(client)
    }
    if (!isOver(each, clients)) {
      // Everything is read: what is left in order ends, and the rest is cut.
      client.peer.read()
      service.peer.read()
      await Promise.race([relayed, wait(50)])
      cut.abort()
    }
    await until(
      () => Promise.resolve(resolutions === 1),
      () => 'the tunnel does not end',
    )
    await until(
      () => Promise.resolve(!isHeld()),
      () => {
        const held = [
          client.held.destroyed ? '' : 'client',
          service.held.destroyed ? '' : 'service',
        ]
        return `connections outlive their tunnel: ${held.join(' ')}`
      },
    )
    return undefined
  } catch (error) {
    return `${nameOf(each)}: ${(error as Error).message}`
  } finally {
    client.peer.destroy()
    service.peer.destroy()
    client.near.destroy()
    service.near.destroy()
  }
}

let last: Promise<unknown> = Promise.resolve()

/** One at a time: two that open at once could not tell whose connection has come. */
function inTurn<T>(open: () => Promise<T>): Promise<T> {
  const opened = last.then(open)
  last = opened
  return opened
}

type Side = Awaited<ReturnType<LineFactory['open']>>

/** Whoever faces a side that has stopped sends until the relay takes no more. */
async function stopReading(each: Case, client: Side, service: Side): Promise<void> {
  if (each.readers.client) client.peer.read()
  else await sendUntilStopped(service)
  if (each.readers.service) service.peer.read()
  else await sendUntilStopped(client)
}

/** A tunnel that its client has not yet been heard to abort may still end in order, and then waits for readers. */
async function arrival({ hasArrived = () => true }: Side): Promise<void> {
  await until(
    () => Promise.resolve(hasArrived()),
    () => 'what the client did does not arrive',
  )
  await wait(gapMs)
}

/** A reader that never stops is played as well: then the flood goes through, and nothing is wrong. */
async function sendUntilStopped({ peer, near }: Side): Promise<void> {
  peer.send()
  for (let looks = 0, paused = 0; looks < maxLooks && paused < 3; looks += 1) {
    await wait(gapMs)
    paused = near.isPaused() ? paused + 1 : 0
  }
}

async function runAll(
  cases: readonly Case[],
  run: (each: Case) => Promise<string | undefined>,
): Promise<string[]> {
  const left = [...cases]
  const faults: string[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const fault = await run(next)
      if (fault !== undefined) faults.push(fault)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return faults
}

async function until(holds: () => Promise<boolean>, complaint: () => string): Promise<void> {
  const deadlineMs = performance.now() + maxWaitMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(complaint())
    await wait(5)
  }
}

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}
