import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../crash/random.ts'
import type { Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { signIn } from '../e2e/stock-client/stock.ts'
import { createChanges, type Changes } from './changes.ts'
import { openCrowd, type CrowdFigures } from './crowd.ts'
import { people, program, startSoakGateway, type SoakGateway } from './gateway.ts'
import { startPacer, type Pacer } from './pacer.ts'
import type { LeakName } from './probe-figures.ts'
import { obey } from './service.ts'
import { askInVain } from './tunnel-ways.ts'
import { judge, type Figure, type Quantity, type Sample } from './verdict.ts'

export interface SoakOptions {
  /** Load and samples, warming up included. */
  readonly seconds: number
  readonly idle: number
  readonly busy: number
  /** Tunnels replaced in a second. */
  readonly churn: number
  readonly seed: number
  /** What the gateway is made to lose for each connection to a service. */
  readonly leaks: readonly LeakName[]
  say(line: string): void
}

export interface SoakResult extends CrowdFigures, Record<keyof Changes['done'], number> {
  readonly samples: number
  /** Tunnels that came, and were gone by the end, between the first sample and the last. */
  readonly churned: number
  /** Asked for and refused. */
  readonly refused: number
  /** How often the provider was asked who people are. */
  readonly refreshes: number
  readonly logLines: number
  /** The first of its log lines that are errors. */
  readonly logErrors: readonly string[]
  readonly figures: Readonly<Record<Quantity, Figure>>
}

/** Of a run: what comes before the first sample. Caches are filled then, and code is compiled. */
const warmUpShare = 0.25
const mostSamples = 60
/** A busy machine goes on for longer, rather than to judge by less. */
const fewestSamples = 12
/** Between two samples of a short run, in milliseconds. */
const leastApartMs = 1_500
/** A fixed number of tunnels has a fixed number of descriptors once so many looks in a row found the same. */
const calmLooks = 6
const lookEveryMs = 100
const mostLooks = 300
/** Ten times as long as a tunnel stays at the gateway when its client has none any more, in milliseconds. */
const mostLingeringMs = 50_000

/** Holds tunnels of every kind open at a gateway, has others come and go beside them, and samples what its process holds. */
export async function soak(scope: Scope, options: SoakOptions): Promise<SoakResult> {
  const { seconds, idle, busy, churn, seed, leaks, say } = options
  const random = createRandom(seed)
  const servicePort = await startService(scope, obey)
  const gateway = await startSoakGateway(scope, servicePort, leaks)
  const credentials = [
    await signIn(scope, gateway, { email: people[0] }),
    await credentialOf(gateway),
  ]
  const crowd = await openCrowd(gateway, {
    idle,
    busy,
    credentials,
    random,
    isPatient: seconds >= 180,
  })
  scope.defer(() => crowd.close())
  say(`${crowd.size} tunnels are open`)

  const changes = createChanges(gateway, random)
  let refused = 0
  const refuse = async (): Promise<void> => {
    await askInVain(gateway, random.oneOf(credentials))
    refused += 1
  }
  const pacers = [
    startPacer(1_000 / churn, () => crowd.replaceOne(), 32),
    startPacer(10_000 / churn, refuse),
    startPacer(Math.max(5_000, seconds * 10), () => crowd.replaceClient()),
    startPacer(2_500, () => changes.signInOrOut()),
    startPacer(4_000, () => changes.reload()),
    startPacer(3_000, () => changes.look()),
  ]
  scope.defer(() => pacers.forEach((pacer) => pacer[Symbol.dispose]()))

  const begunMs = performance.now()
  const warmUpMs = seconds * 1_000 * warmUpShare
  const apartMs = Math.max(leastApartMs, (seconds * 1_000 - warmUpMs) / mostSamples)
  await delay(warmUpMs)
  const samples: Sample[] = []
  let churnedBefore = 0
  const isOver = (): boolean => performance.now() - begunMs >= seconds * 1_000
  for (let first = true; samples.length < fewestSamples || !isOver(); first = false) {
    // What the time before the first look has seen, the warming up included, is no sample of the loop.
    if (first) await gateway.measure()
    await delay(apartMs)
    const at = (performance.now() - begunMs) / 1_000
    const sample = { at, ...(await sampleAtRest(gateway, pacers, crowd.size)) }
    if (samples.length === 0) churnedBefore = openedIn(crowd.figures())
    samples.push(sample)
    say(describe(sample))
    const { lost } = crowd.figures()
    if (lost.length > 0) throw new Error(`tunnels were lost: ${lost.join('; ')}`)
  }
  const figures = crowd.figures()
  return {
    samples: samples.length,
    churned: openedIn(figures) - churnedBefore,
    ...figures,
    refused,
    ...changes.done,
    refreshes: gateway.idp.requestCount('/token') - changes.done.signIns,
    logLines: gateway.process.lines,
    logErrors: gateway.process.errors,
    figures: judge(samples),
  }
}

/** A sample while nothing comes and goes, so that one differs from the other by what is left behind alone. */
async function sampleAtRest(
  { process, measure, tunnels }: SoakGateway,
  pacers: readonly Pacer[],
  size: number,
): Promise<Omit<Sample, 'at'>> {
  await Promise.all(pacers.map((pacer) => pacer.pause()))
  process.checkAlive()
  const open = await untilOpen(tunnels, size)
  const descriptors = await settled(() => process.descriptors())
  const sample = { descriptors, tunnels: open, ...(await measure()) }
  for (const pacer of pacers) pacer.resume()
  return sample
}

/**
 * Resolves once a gateway has as many tunnels as are held. That of a client which is gone without a word stays for the five
 * seconds by which the end towards a stock connector is held back.
 */
async function untilOpen(tunnels: () => Promise<number>, size: number): Promise<number> {
  const deadlineMs = performance.now() + mostLingeringMs
  for (;;) {
    const open = await tunnels()
    if (open === size) return open
    if (performance.now() > deadlineMs)
      throw new Error(`${open} tunnels are open at the gateway, and ${size} here`)
    await delay(lookEveryMs)
  }
}

/** A number once it has stayed the same for a while: some connections linger for a moment after their end. */
async function settled(look: () => number): Promise<number> {
  let last = look()
  let same = 0
  for (let looks = 0; same < calmLooks && looks < mostLooks; looks += 1) {
    await delay(lookEveryMs)
    const now = look()
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}

async function credentialOf({ control }: SoakGateway): Promise<string> {
  const wanted = { id: program, description: '', format: 'jwt', expires_at: null } as const
  return (await control.createServiceAccount(wanted)).credential
}

function openedIn({ opened }: CrowdFigures): number {
  return Object.values(opened).reduce((sum, count) => sum + count, 0)
}

function describe({ at, ...sample }: Sample): string {
  const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1)
  const { rssBytes, heapBytes, externalBytes, descriptors, sockets, streams, timers } = sample
  const kib = (sample.handleBytes / 1024).toFixed(1)
  return [
    `${Math.round(at)} s: ${sample.tunnels} tunnels`,
    `RSS ${mib(rssBytes)} MiB, heap ${mib(heapBytes)}, external ${mib(externalBytes)}, handles ${kib} KiB`,
    `${descriptors} descriptors, ${sockets} sockets, ${streams} streams, ${timers} timers`,
    `loop ${sample.loopDelayP99Ms.toFixed(1)} ms`,
  ].join('; ')
}
