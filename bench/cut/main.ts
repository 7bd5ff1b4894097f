/**
 * `npm run bench:cut`: how long tunnels outlive the access that they rest on. Opens many tunnels of one caller through a
 * gateway of its own, ends that caller's access in each way that there is, and takes the time until each tunnel is reset
 * at its client; tunnels of somebody else are asked and answered meanwhile. JSON on standard output, progress and a
 * table on standard error.
 */
import './built.ts'
import { writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { personAt, type Person } from '../../test/e2e/person.ts'
import { alice } from '../../test/e2e/rig.ts'
import { inScope, type Scope } from '../../test/e2e/scope.ts'
import { encodeOrder } from '../bytes.ts'
import { positive } from '../options.ts'
import { cpuSeconds } from '../process-stats.ts'
import { startUpstream } from '../processes.ts'
import { percentile } from '../statistics.ts'
import { startBeside, type Beside, type BesideFigures } from './beside.ts'
import type { Cause } from './cause.ts'
import { causes } from './causes.ts'
import { patienceMs, until } from './until.ts'
import { openCrowd, type Gateway } from './crowd.ts'
import { besideTarget, crowdTarget, neighbour, startSetting, type Setting } from './setting.ts'

const usage = `usage: npm run bench:cut -- [options]

  --tunnels N     tunnels of whoever loses access (2000)
  --beside N      tunnels of somebody else, which are asked all the while (20)
  --only LIST     of ${causes.map(({ name }) => `"${name}"`).join(', ')}
  --json FILE     write the JSON there too
  --check         exit with 1 when the 99th percentile of a cause is over a second

  npm run bench:cut -- --tunnels 200 --only "person blocked"
`

/** What is promised of the 99th percentile, in milliseconds. */
const promisedMs = 1_000
/** Nothing that somebody does here takes so long by itself, in milliseconds. */
const longMs = 3_000

interface Options {
  readonly tunnels: number
  readonly beside: number
  readonly causes: readonly Cause[]
  readonly json: string | undefined
  readonly check: boolean
}

/** One cause: milliseconds from the end of access to a tunnel's reset at its client. */
interface Row extends BesideFigures {
  readonly cause: string
  readonly tunnels: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** What the gateway took of a processor meanwhile, for others as well: on a machine that is busy, what it had to wait for is no part of it. */
  readonly gatewayCpuMs: number
  readonly isMet: boolean
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') say(usage)
  else await main(options)
} catch (error) {
  say(`bench: error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: { help: flag, check: flag, tunnels: text, beside: text, only: text, json: text },
  })
  if (values.help) return 'help'
  const only = values.only?.split(',').map((name) => name.trim())
  const unknown = only?.find((name) => causes.every((cause) => cause.name !== name))
  if (unknown !== undefined) throw new Error(`--only: "${unknown}" is no cause`)
  return {
    tunnels: Math.ceil(positive('--tunnels', values.tunnels, 2_000)),
    beside: Math.ceil(positive('--beside', values.beside, 20)),
    causes: causes.filter(({ name }) => only?.includes(name) ?? true),
    json: values.json,
    check: values.check,
  }
}

async function main(options: Options): Promise<void> {
  const upstream = await startUpstream()
  const rows: Row[] = []
  try {
    const settings = Map.groupBy(options.causes, (cause) => JSON.stringify(cause.settings ?? {}))
    for (const some of settings.values())
      await inScope(
        (scope) => measure(scope, upstream.port, { ...options, causes: some }, rows),
        say,
      )
  } finally {
    await upstream.stop()
  }
  say(`\n${table(rows)}`)
  const json = JSON.stringify({ node: process.version, promisedMs, results: rows }, null, 2)
  process.stdout.write(`${json}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${json}\n`)
  if (options.check && (rows.length === 0 || rows.some(({ isMet }) => !isMet))) process.exitCode = 1
}

/** Measures causes one after the other through one gateway. */
async function measure(
  scope: Scope,
  upstreamPort: number,
  options: Options,
  rows: Row[],
): Promise<void> {
  const setting = await startSetting(scope, upstreamPort, options.causes[0]?.settings ?? {})
  const { rig } = setting
  const her = await personAt(scope, rig, alice)
  const gateway: Gateway = { port: rig.port, ca: rig.ca }
  const credential = await setting.credentialOf(neighbour)
  const order = encodeOrder('E', 0)
  const beside = await startBeside(gateway, credential, besideTarget, options.beside, order)
  scope.defer(() => beside.close())
  for (const cause of options.causes) {
    const shown = (await cause.prepare?.(setting)) ?? undefined
    const token = cause.whose === undefined ? await signIn(her) : await cause.whose(setting)
    const crowd = {
      gateway: { ...gateway, shown },
      token,
      target: crowdTarget,
      size: options.tunnels,
    }
    const row = await measureCause(cause, setting, crowd, beside)
    await cause.restore?.(setting)
    rows.push(row)
    say(`${row.cause}: p50 ${row.p50Ms} ms, p99 ${row.p99Ms} ms, all after ${row.maxMs} ms`)
  }
}

interface WantedCrowd {
  readonly gateway: Gateway
  readonly token: string
  readonly target: string
  readonly size: number
}

async function measureCause(
  cause: Cause,
  setting: Setting,
  { gateway, token, target, size }: WantedCrowd,
  beside: Beside,
): Promise<Row> {
  const crowd = await openCrowd(gateway, token, target, size)
  const counted = () => setting.counter(`postern_tunnels_total{outcome="${cause.ended}"}`)
  const before = await counted()
  beside.restart()
  const busy = watchCpu(setting.rig.child().pid)
  const at = await inTime(cause.act(setting), () => `"${cause.name}" has not begun`)
  await busy.since(at)
  const ends = await inTime(crowd.ends, () => `"${cause.name}" left ${crowd.open()} tunnels open`)
  const gatewayCpuMs = rounded(busy.soFarMs())
  const figures = beside.figures()
  crowd.close()
  // None ended by chance.
  await until(
    `fewer than ${crowd.size} tunnels ended as "${cause.ended}"`,
    async () => (await counted()) - before === crowd.size,
  )
  const took = ends.map((end) => end - at)
  const p99Ms = rounded(percentile(took, 99))
  return {
    cause: cause.name,
    tunnels: crowd.size,
    p50Ms: rounded(percentile(took, 50)),
    p99Ms,
    maxMs: rounded(Math.max(...took)),
    gatewayCpuMs,
    besideP50Ms: rounded(figures.besideP50Ms),
    besideP99Ms: rounded(figures.besideP99Ms),
    besideMaxMs: rounded(figures.besideMaxMs),
    besidePings: figures.besidePings,
    isMet: p99Ms <= promisedMs,
  }
}

/** Signs somebody in, and answers the token that their machine keeps. */
async function signIn(person: Person): Promise<string> {
  const { ending, errors } = await person.run('login')
  if (ending !== 0) throw new Error(`nobody could sign in: ${errors}`)
  const folder = join(person.home, '.cache', 'postern', 'tokens')
  const [file] = (await readdir(folder)).filter((name) => !/\.(?:lock|sign-in)$/.test(name))
  return (await readFile(join(folder, file ?? ''), 'utf8')).trim()
}

/** From now on, or from the moment that access ends where that comes much later. */
function watchCpu(pid: number) {
  const begunAt = performance.now()
  let before = cpuSeconds(pid)
  return {
    async since(at: number): Promise<void> {
      if (at - begunAt < longMs) return
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())))
      before = cpuSeconds(pid)
    },
    soFarMs: () => 1_000 * (cpuSeconds(pid) - before),
  }
}

function inTime<T>(promise: Promise<T>, late: () => string): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(late())), 2 * patienceMs)
  return Promise.race([promise, over]).finally(() => clearTimeout(timer))
}

function table(rows: readonly Row[]): string {
  const lines = [
    ['', 'p50 ms', 'p99 ms', 'last ms', 'CPU ms', 'beside p50', 'p99', 'max', ''],
    ...rows.map((row) => [
      row.cause,
      ...[
        row.p50Ms,
        row.p99Ms,
        row.maxMs,
        row.gatewayCpuMs,
        row.besideP50Ms,
        row.besideP99Ms,
        row.besideMaxMs,
      ].map(String),
      row.isMet ? '' : 'MISSED',
    ]),
  ]
  const widths = (lines[0] ?? []).map((_, at) =>
    Math.max(...lines.map((line) => line[at]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((text, at) =>
          at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
