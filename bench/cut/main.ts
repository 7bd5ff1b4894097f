/**
 * `npm run bench:cut`: how long tunnels outlive the access that they rest on. Opens many tunnels of one caller through a
 * gateway of its own, ends that caller's access in each way that there is, and takes the time until each tunnel is reset
 * at its client; tunnels of somebody else are asked and answered meanwhile. JSON on standard output, progress and a
 * table on standard error.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createControlClient, type ControlClient } from '../../src/control/client.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import type { Person } from '../../test/e2e/person.ts'
import { inScope, type Scope } from '../../test/e2e/scope.ts'
import { encodeOrder } from '../bytes.ts'
import { positive } from '../options.ts'
import { startUpstream } from '../processes.ts'
import { percentile } from '../statistics.ts'
import { startBeside, type BesideFigures } from './beside.ts'
import {
  besideTarget,
  causes,
  crowdTarget,
  serviceAccount,
  usualRoutes,
  writeDirectory,
  type Cause,
  type Setting,
} from './causes.ts'
import { patienceMs, until } from './until.ts'
import { openCrowd, type Gateway } from './crowd.ts'

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
  readonly isMet: boolean
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') say(usage)
  else await inScope((scope) => main(scope, options), say)
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

async function main(scope: Scope, options: Options): Promise<void> {
  // Programs are started from the build where there is one, as anybody runs them.
  const built = join(import.meta.dirname, '..', '..', 'dist', 'postern.js')
  if (existsSync(built)) process.env['POSTERN_BUILT'] ??= built
  const { alice, carol, startRig } = await import('../../test/e2e/rig.ts')
  const { personAt } = await import('../../test/e2e/person.ts')
  const upstream = await startUpstream()
  scope.defer(() => upstream.stop())
  const directoryFile = join(scope.directory, 'people.yaml')
  await writeDirectory({ directoryFile }, [carol])
  const routes = usualRoutes({ upstreamPort: upstream.port })
  const metricsPort = await freePort()
  const metrics = `http://127.0.0.1:${metricsPort}/metrics`
  const rig = await startRig(scope, routes, {
    directory: directoryFile,
    metrics_address: `127.0.0.1:${metricsPort}`,
  })
  const control = createControlClient(join(rig.home, '.state', 'postern', 'gateway'))
  const reloads = () => counter(metrics, 'postern_config_reloads_total{outcome="ok"}')
  const setting: Setting = { rig, control, upstreamPort: upstream.port, directoryFile, reloads }
  const [her, others] = [await personAt(scope, rig, alice), await personAt(scope, rig, carol)]

  const order = encodeOrder('E', 0)
  const gateway: Gateway = { port: rig.port, ca: rig.ca }
  const beside = await startBeside(
    gateway,
    await signIn(others),
    besideTarget,
    options.beside,
    order,
  )
  scope.defer(() => beside.close())
  const rows: Row[] = []
  for (const cause of options.causes) {
    await cause.prepare?.(setting)
    const credential = cause.isServiceAccount ? await robot(control) : await signIn(her)
    const crowd = await openCrowd(gateway, credential, crowdTarget, options.tunnels)
    const counted = () => counter(metrics, `postern_tunnels_total{outcome="${cause.ended}"}`)
    const before = await counted()
    beside.restart()
    const at = await cause.act(setting)
    const ends = await inTime(crowd.ends, () => `"${cause.name}" left ${crowd.open()} tunnels open`)
    const figures = beside.figures()
    crowd.close()
    // None ended by chance.
    await until(
      `fewer than ${crowd.size} tunnels ended as "${cause.ended}"`,
      async () => (await counted()) - before === crowd.size,
    )
    await cause.restore?.(setting)
    const took = ends.map((end) => end - at)
    const row = {
      cause: cause.name,
      tunnels: crowd.size,
      p50Ms: rounded(percentile(took, 50)),
      p99Ms: rounded(percentile(took, 99)),
      maxMs: rounded(Math.max(...took)),
      ...(Object.fromEntries(
        Object.entries(figures).map(([name, value]) => [name, rounded(value as number)]),
      ) as unknown as BesideFigures),
    }
    rows.push({ ...row, isMet: row.p99Ms <= promisedMs })
    say(`${row.cause}: p50 ${row.p50Ms} ms, p99 ${row.p99Ms} ms, all after ${row.maxMs} ms`)
  }
  say(`\n${table(rows)}`)
  const json = JSON.stringify({ node: process.version, promisedMs, results: rows }, null, 2)
  process.stdout.write(`${json}\n`)
  if (options.json !== undefined) writeFileSync(options.json, `${json}\n`)
  if (options.check && (rows.length === 0 || rows.some(({ isMet }) => !isMet))) process.exitCode = 1
}

/** Signs somebody in, and answers the token that their machine keeps. */
async function signIn(person: Person): Promise<string> {
  const { ending, errors } = await person.run('login')
  if (ending !== 0) throw new Error(`nobody could sign in: ${errors}`)
  const folder = join(person.home, '.cache', 'postern', 'tokens')
  const [file] = (await readdir(folder)).filter((name) => !/\.(?:lock|sign-in)$/.test(name))
  return (await readFile(join(folder, file ?? ''), 'utf8')).trim()
}

async function robot(control: ControlClient): Promise<string> {
  const wanted = { id: serviceAccount, description: '', format: 'jwt', expires_at: null } as const
  return (await control.createServiceAccount(wanted)).credential
}

/** A counter of the gateway; 0 while it has none of that name. */
async function counter(metrics: string, name: string): Promise<number> {
  const text = await (await fetch(metrics)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

function inTime<T>(promise: Promise<T>, late: () => string): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(late())), 2 * patienceMs)
  return Promise.race([promise, over]).finally(() => clearTimeout(timer))
}

function table(rows: readonly Row[]): string {
  const lines = [
    ['', 'p50 ms', 'p99 ms', 'last ms', 'beside p50', 'p99', 'max', ''],
    ...rows.map((row) => [
      row.cause,
      ...[row.p50Ms, row.p99Ms, row.maxMs, row.besideP50Ms, row.besideP99Ms, row.besideMaxMs].map(
        String,
      ),
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
