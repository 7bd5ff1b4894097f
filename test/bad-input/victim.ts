import assert from 'node:assert/strict'
import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { alice, route, startRig, type GatewayRig } from '../e2e/rig.ts'
import { inScope, type Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { executable } from '../postern-program.ts'
import { connectTls } from './dial.ts'
import { startNeighbour, type Neighbour } from './neighbour.ts'

/** Routes of the gateway under attack: one for everybody, one for Alice alone. */
export const open = 'open.example.com:7'
export const guarded = 'guarded.example.com:7'

/** A running gateway, a neighbour whose tunnels it must keep, and what its services saw. */
export interface Victim {
  readonly rig: GatewayRig
  readonly neighbour: Neighbour
  /** Connections that reached the guarded service. */
  readonly reachedGuarded: () => number
  /** Everything that the open service was sent, attacks' tunnels and all. */
  readonly heard: () => string
}

/** What a process holds. */
interface Resources {
  readonly descriptors: number
  readonly memoryMib: number
}

/** Most that a further round of the same attack may leave behind, in MiB of resident memory. */
const maxGrowthMib = 24
/** Rounds after the first, where each leaves more behind than that. */
const maxFurtherRounds = 4
const maxSettleMs = 30_000
const settleStepMs = 100
const maxTestMs = 180_000

/**
 * A test that attacks a running gateway twice, which the attacks of a file with the same settings have in common. After each
 * round its descriptors are back where they were and a new tunnel opens; a further round leaves no more memory behind
 * (the first ones warm the heap and the compiler); the neighbour's tunnels have never missed a byte. `beginning` is
 * what the neighbour's connections begin with.
 */
export function attackTest(
  name: string,
  attack: (victim: Victim) => Promise<void>,
  settings: Readonly<Record<string, unknown>> = {},
  beginning: readonly Buffer[] = [],
): void {
  test(name, { timeout: maxTestMs }, async (t) => {
    await inScope(
      async (scope) => {
        const common = await commonGateway(settings)
        for (const [witness, words] of common.witnesses) scope.witness(witness, words)
        const { rig } = common
        const neighbour = await startNeighbour(scope, rig, open, beginning)
        const victim = { ...common, neighbour }
        const { pid } = rig.child()
        const before = await resources(pid)
        await attack(victim)
        const used = [(await settled(pid, before)).memoryMib]
        await checkOpens(victim, beginning)
        let grownMib: number
        do {
          await attack(victim)
          used.push((await settled(pid, before)).memoryMib)
          await checkOpens(victim, beginning)
          grownMib = (used.at(-1) ?? 0) - (used.at(-2) ?? 0)
          // The heap may still be warming up. What is left behind is left by each round.
        } while (grownMib >= maxGrowthMib && used.length <= maxFurtherRounds)
        assert.ok(
          grownMib < maxGrowthMib,
          `each round leaves memory behind: ${used.join(', ')} MiB`,
        )
        await neighbour.close()
        assert.equal(victim.reachedGuarded(), 0, 'the guarded service was reached')
      },
      (text) => t.diagnostic(text),
    )
  })
}

interface CommonGateway extends Omit<Victim, 'neighbour'> {
  /** What is said of it where an attack fails. */
  readonly witnesses: ReadonlyMap<string, () => string>
}

/** By their settings. A start of its own would take each attack more than many of them do. */
const common = new Map<string, Promise<CommonGateway>>()
const over = Promise.withResolvers<void>()
const scopes: Promise<void>[] = []

after(async () => {
  over.resolve()
  await Promise.all(scopes)
})

function commonGateway(settings: Readonly<Record<string, unknown>>): Promise<CommonGateway> {
  const key = JSON.stringify(settings)
  const starting = common.get(key) ?? startCommon(settings)
  common.set(key, starting)
  return starting
}

function startCommon(settings: Readonly<Record<string, unknown>>): Promise<CommonGateway> {
  const { promise, resolve, reject } = Promise.withResolvers<CommonGateway>()
  const witnesses = new Map<string, () => string>()
  const scope = inScope(
    async (own) => {
      const witness = (name: string, words: () => string): void => void witnesses.set(name, words)
      resolve({ ...(await startGateway({ ...own, witness }, settings)), witnesses })
      await over.promise
    },
    (text) => process.stderr.write(`${text}\n`),
  )
  scope.catch(reject)
  scopes.push(scope)
  return promise
}

async function startGateway(
  scope: Scope,
  settings: Readonly<Record<string, unknown>>,
): Promise<Omit<CommonGateway, 'witnesses'>> {
  let reached = 0
  let heard = ''
  const openService = await startService(scope, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      if (heard.length < maxHeardLength) heard += chunk.toString('latin1')
      socket.write(chunk)
    })
    socket.on('end', () => socket.end())
  })
  const guardedService = await startService(scope, (socket) => {
    reached += 1
    socket.resume().end()
  })
  const routes = [
    { ...route(open, openService), policy: [{ allow: { or: [{ accept: true }] } }] },
    route(guarded, guardedService, [alice]),
  ]
  const rig = await startRig(scope, routes, settings)
  return { rig, reachedGuarded: () => reached, heard: () => heard }
}

/** A tunnel of somebody new carries something. */
async function checkOpens({ rig }: Victim, beginning: readonly Buffer[]): Promise<void> {
  const socket = await connectTls(rig, 'http/1.1', beginning)
  const answer = untilEnd(socket)
  socket.end(`CONNECT ${open} HTTP/1.1\r\nHost: ${open}\r\n\r\nafter the attack`)
  assert.match(await answer, /^HTTP\/1\.1 200 .*after the attack$/s)
}

const maxHeardLength = 16 * 1024 * 1024

/** Waits until a process holds no more descriptors than it did; says how many when it never does. */
async function settled(pid: number, before: Resources): Promise<Resources> {
  const deadlineMs = Date.now() + maxSettleMs
  for (;;) {
    const now = await resources(pid)
    if (now.descriptors <= before.descriptors) return now
    assert.ok(
      Date.now() < deadlineMs,
      `${now.descriptors} descriptors stay open, ${before.descriptors} were before`,
    )
    await wait(settleStepMs)
  }
}

async function resources(pid: number): Promise<Resources> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  assert.ok(kibibytes > 0, 'the gateway is gone')
  const folder = `/proc/${pid}/fd`
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => '')),
  )
  const descriptors = files.filter((file) => !stays(file)).length
  return { descriptors, memoryMib: Math.round(kibibytes / 1024) }
}

/**
 * One file for each kind of audit entry is opened when the first of its kind comes. At its first `fetch`, which asks
 * the provider, Bun starts a thread with an event loop of its own.
 */
function stays(file: string): boolean {
  if (file.endsWith('.jsonl')) return true
  return executable !== undefined && /^anon_inode:\[event(?:poll|fd)\]$/.test(file)
}

const maxAnswerMs = 20_000

/**
 * Everything a connection says until its other side has ended it; rejects when that takes longer than
 * `maxMs`. The connection is gone afterwards.
 */
export async function untilEnd(socket: Socket, maxMs = maxAnswerMs): Promise<string> {
  const chunks: Buffer[] = []
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const timer = setTimeout(() => {
    const said = Buffer.concat(chunks).toString('latin1').slice(0, 200)
    reject(new Error(`still open after ${maxMs} ms, having said "${said}"`))
  }, maxMs)
  const finish = (): void => resolve(Buffer.concat(chunks).toString('latin1'))
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.once('end', finish).once('close', finish)
  if (socket.destroyed) finish()
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** Writes until it is done or the other side has had enough; never rejects, never waits for ever. */
export async function pour(socket: Socket, pieces: Iterable<Buffer | string>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve()).once('end', () => resolve())
  })
  let isOver = false
  void closed.then(() => (isOver = true))
  for (const piece of pieces) {
    if (isOver || socket.destroyed || !socket.writable) return
    if (!socket.write(piece)) {
      await Promise.race([new Promise<void>((resolve) => socket.once('drain', resolve)), closed])
    }
  }
}

/** Runs `count` of the same at once. */
export async function many(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)))
}

/** Runs each of them, a few at a time: what waits costs the others nothing. */
export async function inTurns<Item>(
  items: readonly Item[],
  one: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items]
  await many(8, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await one(next)
  })
}
