// How long the program takes to start, from its build on Node.js and as the executable of this system, as ratios to a
// bare Node.js in the same run. `node bench/startup.ts [ROUNDS]` prints JSON, and exits with 1 when a promise is not kept.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

import { builtExecutable } from '../scripts/package/executable.fixture.ts'
import { spawnProgram } from '../src/program.fixture.ts'
import { writeCertificate } from './certificate.ts'
import { authority, serverName } from './endpoint.ts'
import { endAll } from './processes.ts'
import { median } from './statistics.ts'
import { gateway, programFile } from './targets/gateway.ts'

/** How many times as long as `node -e 0` each may take, as the median of the rounds' own ratios. */
const promises: Readonly<Record<string, number>> = {
  'node: --version': 2,
  'executable: --version': 0.6,
  'executable: tcp to the first byte': 1.3,
}
const rounds = Number(process.argv[2] ?? 21)

/** What is started, and whether it is over with its first byte or with its end. */
interface Start {
  readonly command: readonly [string, ...string[]]
  readonly until: 'byte' | 'end'
}

const directory = mkdtempSync(join(tmpdir(), 'postern-startup-'))
try {
  if (existsSync(join(import.meta.dirname, '..', 'dist', 'postern.js'))) await main()
  else throw new Error('there is no "dist/postern.js": run "npm run build" first')
} catch (error) {
  process.stderr.write(`bench: error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
} finally {
  endAll()
  rmSync(directory, { recursive: true, force: true })
}

async function main(): Promise<void> {
  // A service that speaks first, as SSH does.
  const service = createServer((socket) => {
    socket.on('error', () => socket.destroy()).resume()
    socket.end('x')
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { ca: _, ...files } = await writeCertificate(directory)
  const upstreamPort = (service.address() as AddressInfo).port
  const target = await gateway().start({ ...files, directory, upstreamPort })
  try {
    report(await measure(startsThrough(target.port, files.caFile)))
  } finally {
    await target.stop()
    service.close()
  }
}

function startsThrough(port: number, caFile: string): Readonly<Record<string, Start>> {
  const tcp = ['tcp', '--listen', '-', '--gateway', `https://${serverName}:${port}`]
  const of = (name: string, ...command: [string, ...string[]]): [string, Start][] => [
    [`${name}: --version`, { command: [...command, '--version'], until: 'end' }],
    [`${name}: --help`, { command: [...command, '--help'], until: 'end' }],
    [
      `${name}: tcp to the first byte`,
      { command: [...command, ...tcp, '--ca-file', caFile, authority], until: 'byte' },
    ],
  ]
  return {
    'node -e 0': { command: [process.execPath, '-e', '0'], until: 'end' },
    ...Object.fromEntries(of('node', process.execPath, programFile)),
    ...Object.fromEntries(of('executable', builtExecutable())),
  }
}

/** Rounds take each start in turn, so that a busy moment of the machine falls on all of them. */
async function measure(starts: Readonly<Record<string, Start>>): Promise<Map<string, number[]>> {
  const durations = new Map<string, number[]>()
  // Round 0 fills the caches of files and of compiled code, and is thrown away.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, start] of Object.entries(starts)) {
      const tookMs = await take(start)
      if (round > 0) durations.set(name, [...(durations.get(name) ?? []), tookMs])
    }
  }
  return durations
}

async function take({ command: [command, ...args], until }: Start): Promise<number> {
  const startedMs = performance.now()
  const child = spawnProgram(command, args)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close')
  if (until === 'byte') {
    const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)])
    if (first === undefined) throw new Error(`no byte came from "${command}":\n${said}`)
  } else {
    child.stdout.resume()
    const [code] = (await ended) as [number | null]
    if (code !== 0) throw new Error(`"${command}" exited with ${code}:\n${said}`)
  }
  const tookMs = performance.now() - startedMs
  child.stdin.end()
  await ended
  return tookMs
}

function report(durations: ReadonlyMap<string, readonly number[]>): void {
  const bare = durations.get('node -e 0') ?? []
  const results = [...durations].map(([name, values]) => {
    const ratio = round(median(values.map((value, index) => value / (bare[index] ?? Number.NaN))))
    const limit = promises[name]
    const isKept = limit === undefined ? undefined : ratio <= limit
    return { name, medianMs: round(median(values)), ratio, limit, isKept }
  })
  const machine = { load: loadavg().map(round) }
  process.stdout.write(
    `${JSON.stringify({ bench: 'startup', rounds, machine, results }, undefined, 2)}\n`,
  )
  if (results.some(({ isKept }) => isKept === false)) process.exitCode = 1
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
