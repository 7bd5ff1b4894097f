/**
 * `npm run bench`: what the gateway costs, beside a bare Node TLS relay and, where they are installed,
 * HAProxy and nginx, and what a connector adds to it. Each round measures every target once, one after the other, so that what
 * disturbs the machine disturbs all; figures are medians of rounds, ratios are taken within a round.
 * JSON on standard output, progress and a table on standard error. Linux only (`/proc`).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, cpus, release, tmpdir } from 'node:os'

import { version } from '../src/version.ts'
import { writeCertificate } from './certificate.ts'
import { judge } from './limits.ts'
import { measureLines, missingLine, nearAddress } from './line.ts'
import { memoryMeasures } from './memory.ts'
import {
  measureIdle,
  measureLatency,
  measureOpens,
  measureStalled,
  measureThroughput,
  startTarget,
  throughputs,
} from './measures.ts'
import type { Bench, Figures, Subject } from './measures.ts'
import { parseOptions, usage } from './options.ts'
import type { Options } from './options.ts'
import { endAll, startGenerator, startUpstream } from './processes.ts'
import { renderTable } from './report.ts'
import { summarise } from './results.ts'
import type { Sample } from './results.ts'
import type { RunningTarget, Target } from './target.ts'
import { measureTelling, toldStreams } from './tell.ts'
import { openToldRoutes, ways } from './told-routes.ts'
import {
  bare,
  bareHop,
  bareHttp2,
  connectorHop,
  relayOnly,
  relayOnlyHttp2,
} from './targets/bare.ts'
import { connector, gateway } from './targets/gateway.ts'
import { haproxy } from './targets/haproxy.ts'
import { nginx } from './targets/nginx.ts'

const usual: readonly string[] = ['bare', 'gateway', 'connector', 'nginx', 'haproxy']

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') say(usage)
  else await main(options)
} catch (error) {
  say(`bench: error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

async function main(options: Options): Promise<void> {
  if (process.platform !== 'linux') throw new Error('costs are read from /proc: Linux only')
  const { targets, missing } = chooseTargets(options)
  for (const [name, reason] of missing) say(`skipped: ${name}: ${reason}`)
  const samples = await measureAll(options, targets)

  const rows = summarise(samples)
  const limits = judge(rows)
  const json = JSON.stringify(
    { machine: machine(), options, missing, results: rows, limits },
    null,
    2,
  )
  say(`\n${renderTable(rows, limits)}`)
  process.stdout.write(`${json}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${json}\n`)
  // A check that had nothing to judge has not passed.
  const isPassed = limits.length > 0 && limits.every(({ isMet }) => isMet)
  if (options.check && !isPassed) process.exitCode = 1
}

function chooseTargets(options: Options) {
  const profile =
    options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const all = [
    bare,
    gateway(options.gateway, profile),
    connector(options.gateway, profile),
    nginx,
    haproxy,
    bareHttp2,
    relayOnly,
    relayOnlyHttp2,
    bareHop,
    connectorHop,
  ]
  const names = options.targets ?? usual
  const unknown = names.find((name) => all.every((target) => target.name !== name))
  if (unknown !== undefined) throw new Error(`--targets: "${unknown}" is not a target`)
  const chosen = all.filter(({ name }) => names.includes(name))
  const missing = chosen.flatMap((target) => {
    const reason = target.missing()
    return reason === undefined ? [] : [[target.name, reason] as const]
  })
  return { targets: chosen.filter((target) => target.missing() === undefined), missing }
}

async function measureAll(
  options: Options,
  targets: readonly Target[],
): Promise<readonly Sample[]> {
  const directory = mkdtempSync(`${tmpdir()}/postern-bench-`)
  const interrupt = (): void => {
    endAll()
    rmSync(directory, { recursive: true, force: true })
    process.exit(130)
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const generator = startGenerator()
  const upstream = await startUpstream()
  try {
    const { ca, ...files } = await writeCertificate(directory, nearAddress)
    const setting = { ...files, directory, upstreamPort: upstream.port }
    const bench = { generator, ca, options, setting }
    const samples: Sample[] = []
    const isRunningWanted = runningMeasures(bench).length > 0
    if (isRunningWanted) await measureRunning(bench, targets, samples)
    if (options.only.includes('idle')) await measureMemory(bench, targets, samples)
    if (options.only.includes('stalled')) await measureUnderStalls(bench, targets, samples)
    if (options.only.includes('memory')) await measureStreams(bench, targets, samples)
    if (options.only.includes('tell')) {
      await measureFollowers(options, samples)
      await measureToldRoutes(bench, samples)
    }
    if (isLineWanted(options)) await measureLines(bench, samples, recordAs)
    return samples
  } finally {
    await generator.stop()
    await upstream.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function isLineWanted({ only }: Options): boolean {
  if (!only.includes('line')) return false
  const reason = missingLine()
  if (reason !== undefined) say(`skipped: line: ${reason}`)
  return reason === undefined
}

/** All that is measured of one long-running process of each target. */
async function measureRunning(bench: Bench, targets: readonly Target[], samples: Sample[]) {
  const running = new Map<Target, RunningTarget>()
  try {
    for (const target of targets) running.set(target, await startTarget(bench, target))
    // Round 0 warms up: the JIT, the heap, the page cache. It is thrown away.
    for (let round = 0; round <= bench.options.rounds; round++) {
      for (const [measure, perform] of runningMeasures(bench)) {
        for (const subject of subjectsOf(targets)) {
          const instance = running.get(subject.target)
          if (instance === undefined) continue
          await record(samples, { measure, subject, round }, () => perform(subject, instance))
        }
      }
    }
  } finally {
    for (const instance of running.values()) await instance.stop()
  }
}

type Measure = (subject: Subject, running: RunningTarget) => Promise<Figures>

function runningMeasures(bench: Bench): readonly (readonly [string, Measure])[] {
  const { only } = bench.options
  const moving = throughputs.map((load) => {
    const measure: Measure = (subject, running) => measureThroughput(bench, subject, running, load)
    return [`throughput-${load.direction}-${load.streams}`, measure] as const
  })
  const latency: Measure = (subject, running) => measureLatency(bench, subject, running)
  const opens: Measure = (subject, running) => measureOpens(bench, subject, running)
  return [
    ...(only.includes('throughput') ? moving : []),
    ...(only.includes('latency') ? [['latency', latency] as const] : []),
    ...(only.includes('opens') ? [['opens', opens] as const] : []),
  ]
}

/** Memory, a fresh process each time; at most three rounds, since each takes a while. */
async function measureMemory(bench: Bench, targets: readonly Target[], samples: Sample[]) {
  for (let round = 1; round <= Math.min(3, bench.options.rounds); round++) {
    for (const subject of subjectsOf(targets)) {
      for (const shared of subject.protocol === 'h2' ? [false, true] : [false]) {
        const measure = shared ? 'idle-shared' : 'idle'
        await record(samples, { measure, subject, round }, () =>
          measureIdle(bench, subject, shared),
        )
      }
    }
  }
}

/** Once: thousands of handshakes take their time. Of the gateway, whose promise it is. */
async function measureUnderStalls(bench: Bench, targets: readonly Target[], samples: Sample[]) {
  for (const subject of subjectsOf(targets.filter(({ name }) => name === 'gateway'))) {
    await record(samples, { measure: 'stalled', subject, round: 1 }, () =>
      measureStalled(bench, subject),
    )
  }
}

/** Once, for the same reason: what gateway and connector hold of streams. */
async function measureStreams(bench: Bench, targets: readonly Target[], samples: Sample[]) {
  const target = targets.find(({ name }) => name === 'connector')
  if (target === undefined) return
  const subject = { target, protocol: 'h2' } as const
  for (const [measure, perform] of Object.entries(memoryMeasures)) {
    await record(samples, { measure, subject, round: 1 }, () => perform(bench, subject))
  }
}

/** What a follower adds to the gateway, by the protocol that it follows. */
async function measureFollowers({ rounds, gib }: Options, samples: Sample[]): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (const told of toldStreams) {
      const { protocol, rowBytes } = told
      const at = { measure: `tell-rows-of-${rowBytes}`, target: 'follower', protocol, round }
      await recordAs(samples, at, () => Promise.resolve(measureTelling(told, gib)))
    }
  }
}

/** What a route with `tell` costs beside the same without, in turns. */
async function measureToldRoutes({ setting, ca, options }: Bench, samples: Sample[]) {
  const { rounds, gib } = options
  await using routes = await openToldRoutes(setting, ca, gib)
  for (let round = 0; round <= rounds; round++) {
    for (const told of toldStreams)
      for (const target of ways) {
        const measure = `told-${told.protocol}-rows-of-${told.rowBytes}`
        const at = { measure, target, protocol: 'h2', round }
        await recordAs(samples, at, () => routes.measure(told, gib, target))
      }
  }
}

function subjectsOf(targets: readonly Target[]): readonly Subject[] {
  return targets.flatMap((target) => target.protocols.map((protocol) => ({ target, protocol })))
}

function machine() {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model,
    cores: cpus().length,
    arch: arch(),
    kernel: release(),
    node: process.version,
    postern: version,
  }
}

function record(
  samples: Sample[],
  { subject, ...at }: Pick<Sample, 'measure' | 'round'> & { readonly subject: Subject },
  perform: () => Promise<Figures>,
): Promise<void> {
  const { target, protocol } = subject
  return recordAs(samples, { ...at, target: target.name, protocol }, perform)
}

/** Keeps and shows what was measured; what fails is shown, and missing in the results. */
async function recordAs(
  samples: Sample[],
  { measure, target, protocol, round }: Omit<Sample, 'figures'>,
  perform: () => Promise<Figures>,
): Promise<void> {
  const label = `${round === 0 ? 'warm-up' : `round ${round}`} ${measure} ${target} ${protocol}`
  try {
    const figures = await perform()
    const values = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`)
    say(`${label}: ${values.join(', ')}`)
    if (round > 0) samples.push({ measure, target, protocol, round, figures })
  } catch (error) {
    say(`${label}: failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
