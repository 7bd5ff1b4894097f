import { messageOf } from '../../src/errors.ts'
import { missingPeers } from '../e2e/peers.ts'
import type { Scope } from '../e2e/scope.ts'
import { faultsOfAudit } from './audit-kept.ts'
import type { Counted, Fault } from './fault.ts'
import { describeWay, judge, rightVerdicts, type Verdict } from './judge.ts'
import { startStage, type Stage } from './stage.ts'
import { startTransfer, type Expected, type Terms, type Transfer, type Way } from './transfer.ts'

/** What came out of one fault. */
export interface Came {
  readonly name: string
  /** Why it was not tried; then there is nothing else. */
  readonly notTried?: string
  readonly seconds?: number
  /** Directions of transfers that were under way, by what became of them. */
  readonly directions?: Readonly<Record<Verdict, number>>
  /** What the fault itself counted. */
  readonly counted?: Counted
  /** What must not be; empty where everything held. */
  readonly wrong: readonly string[]
}

export interface TryOptions {
  readonly isShort: boolean
  inScope(run: (scope: Scope) => Promise<void>): Promise<void>
  say(line: string): void
}

/** How long ends may take to be heard after everything is well again, in milliseconds. */
const settleMs = 30_000

/** Tries faults one after the other: those without a setup of their own on one stage. */
export async function tryFaults(faults: readonly Fault[], options: TryOptions): Promise<Came[]> {
  const { inScope, say, isShort } = options
  const came: Came[] = []
  const take = async (fault: Fault, stage: Stage): Promise<void> => {
    say(`${fault.name}: ${fault.done}`)
    // What cannot even begin is of this fault alone: the others are tried all the same, and told of.
    const one = await tryFault(fault, stage, isShort).catch((error: unknown) =>
      notBegun(fault, error),
    )
    came.push(one)
    const held = `held in ${one.seconds} s ${JSON.stringify({ ...one.directions, ...one.counted })}`
    say(`${fault.name}: ${one.wrong.length === 0 ? held : one.wrong.join('\n  ')}`)
    if (one.wrong.length > 0) for (const line of tellingLines(stage)) say(`  ${line}`)
  }
  const able = faults.filter((fault) => {
    const notTried = whyNotTried(fault)
    if (notTried === undefined) return true
    came.push({ name: fault.name, notTried, wrong: [] })
    say(`${fault.name}: not tried: ${notTried}`)
    return false
  })
  const common = able.filter(({ setUp }) => setUp === undefined)
  if (common.length > 0) {
    await inScope(async (scope) => {
      const stage = await startStage(scope)
      for (const fault of common) await take(fault, stage)
    })
  }
  for (const fault of able.filter(({ setUp }) => setUp !== undefined)) {
    await inScope(async (scope) => {
      await take(fault, await startStage(scope, await fault.setUp?.(scope)))
    }).catch((error: unknown) => {
      const one = notBegun(fault, error)
      say(`${fault.name}: ${one.wrong.join()}`)
      came.push(one)
    })
  }
  const order = faults.map(({ name }) => name)
  return came.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

function notBegun({ name }: Fault, error: unknown): Came {
  return { name, wrong: [`before or after it: ${whole(error)}`] }
}

/** What the gateway said that may tell why. */
function tellingLines({ rig }: Stage): string[] {
  const orderly = ['client-closed', 'upstream-closed', undefined]
  return rig.lines
    .all(
      ({ level, ended }) =>
        level === 'error' || level === 'warn' || !orderly.includes(ended as string),
    )
    .slice(-maxTellingLines)
    .map((line) => JSON.stringify(line))
}

const maxTellingLines = 20

/** What hides behind an error of the way out as well. */
function whole(error: unknown): string {
  if (!(error instanceof SuppressedError)) return messageOf(error)
  return `${messageOf(error.error)}, after ${messageOf(error.suppressed)}`
}

function whyNotTried(fault: Fault): string | undefined {
  const missing = (fault.needs ?? []).flatMap(missingPeers)
  return missing.length > 0 ? `missing: ${missing.join(', ')}` : fault.cannotBeTried?.()
}

/** Does one fault to transfers by every way of a stage. */
async function tryFault(fault: Fault, stage: Stage, isShort: boolean): Promise<Came> {
  const startedMs = performance.now()
  const wrong: string[] = []
  const transfers = await Promise.all(
    stage.ways.map((way) => startTransfer(way, stage.service, fault.terms(way.name))),
  )
  const all: Transfer[] = [...transfers]
  const start = async (way: Way, terms: Terms): Promise<Transfer> => {
    const transfer = await startTransfer(way, stage.service, terms)
    all.push(transfer)
    return transfer
  }
  const counted = await fault
    .run({ stage, transfers, start, isShort })
    .catch((error: unknown) => void wrong.push(messageOf(error)))
  await Promise.all(all.map((transfer) => transfer.finish(settleMs)))
  const directions = { whole: 0, reported: 0, excused: 0, short: 0, changed: 0, silent: 0 }
  for (const { verdict, fault: found } of all.flatMap(judgeTransfer)) {
    directions[verdict] += 1
    if (found !== undefined) wrong.push(found)
  }
  for (const { client, service } of all) {
    client.destroy()
    service.destroy()
  }
  wrong.push(...(await faultsOfRecovery(stage)), ...(await faultsOfAudit(stage)))
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  return { name: fault.name, seconds, directions, ...(counted && { counted }), wrong }
}

interface Judged {
  readonly verdict: Verdict
  /** Where it is not what it has to be. */
  readonly fault?: string
}

/** Both directions of one transfer, by its terms. */
export function judgeTransfer({
  terms: { expected, excused = [] },
  ...transfer
}: Pick<Transfer, 'terms' | 'up' | 'down'>): Judged[] {
  return (['up', 'down'] as const).map((direction) => {
    const way = transfer[direction].look()
    const found = judge(way)
    const verdict = found === 'short' && excused.includes(direction) ? 'excused' : found
    if (isRight(verdict, expected)) return { verdict }
    return { verdict, fault: `${verdict}, where it has to be ${expected}: ${describeWay(way)}` }
  })
}

function isRight(verdict: Verdict, expected: Expected): boolean {
  if (!rightVerdicts.includes(verdict)) return false
  if (expected === 'whole') return verdict !== 'reported'
  return expected === 'either' || verdict !== 'whole'
}

/** New transfers by every way, which come out whole. */
async function faultsOfRecovery({ ways, service }: Stage): Promise<string[]> {
  const found = await Promise.all(
    ways.map(async (way) => {
      try {
        const transfer = await startTransfer(way, service, { expected: 'whole' })
        await transfer.finish(settleMs)
        return judgeTransfer(transfer).flatMap(({ fault }) => fault ?? [])
      } catch (error) {
        return [`by ${way.name}: ${messageOf(error)}`]
      }
    }),
  )
  return found.flat().map((fault) => `afterwards ${fault}`)
}
