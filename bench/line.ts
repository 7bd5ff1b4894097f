// How fast a stream through a connector is over a line that is long: gateway and client on one machine, connector
// and service on another, each a network namespace, with the line of `delay-line.py` between them. Beside it bare
// TCP over the same line.
import { mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'

import { addresses, layLine, type Line } from '../test/e2e/peers/namespaces.ts'
import { inScope } from '../test/e2e/scope.ts'
import type { Protocol } from './endpoint.ts'
import type { Bench, Figures } from './measures.ts'
import { startGenerator, startUpstream, type Generator } from './processes.ts'
import type { Sample } from './results.ts'
import { programFile, startConnector } from './targets/gateway.ts'
import type { Direction } from './tasks.ts'
import { findProgram } from './targets/programs.ts'

const streamCounts = [1, 16, 100]
const directions = ['up', 'down'] as const
/** Where the gateway is on the line: its certificate names it. */
export const nearAddress = addresses.near
const everyAddress = '0.0.0.0'

/** What TCP may have under way on one connection: what 1 Gbit/s has over 100 ms is twice Linux's default. */
const buffers = `
  echo '4096 131072 67108864' >/proc/sys/net/ipv4/tcp_rmem
  echo '4096 131072 67108864' >/proc/sys/net/ipv4/tcp_wmem
`

/** Keeps what was measured. */
export type Record = (
  samples: Sample[],
  at: Omit<Sample, 'figures'>,
  perform: () => Promise<Figures>,
) => Promise<void>

/** Why there can be no line here; undefined when there can. */
export function missingLine(): string | undefined {
  if (userInfo().uid !== 0) return 'network namespaces need root'
  return ['python3', 'unshare', 'nsenter', 'ip']
    .map((name) => (findProgram(name) === undefined ? `${name} is not installed` : undefined))
    .find((reason) => reason !== undefined)
}

/** Measures bare TCP and a connector over each line in turn. */
export async function measureLines(bench: Bench, samples: Sample[], record: Record): Promise<void> {
  for (const roundTripMs of bench.options.roundTripsMs) {
    await inScope(
      async (scope) => {
        const line = await layLine(scope, { delayMs: roundTripMs / 2 })
        await measureLine(bench, line, { roundTripMs, samples, record })
      },
      (text) => process.stderr.write(text),
    )
  }
}

interface LineRun {
  readonly roundTripMs: number
  readonly samples: Sample[]
  readonly record: Record
}

async function measureLine(bench: Bench, { near, far }: Line, run: LineRun): Promise<void> {
  await Promise.all([near.shell(buffers), far.shell(buffers)])
  const directory = `${bench.setting.directory}/line-${run.roundTripMs}`
  mkdirSync(directory)
  await using started = new AsyncDisposableStack()
  const generator = startGenerator(near.command)
  started.defer(() => generator.stop())
  const upstream = await startUpstream(far.command, everyAddress)
  started.defer(() => upstream.stop())
  const connector = await startConnector(
    { ...bench.setting, directory, upstreamPort: upstream.port },
    {
      command: [bench.options.gateway ?? programFile],
      near: near.command,
      far: far.command,
      gatewayHost: near.address,
    },
  )
  started.defer(() => connector.stop())
  const ways = [
    { target: 'bare-line', protocol: 'tcp', host: far.address, port: upstream.port },
    { target: 'connector', protocol: 'h2', host: near.address, port: connector.port },
  ] as const
  for (let round = 0; round <= Math.min(3, bench.options.rounds); round++) {
    for (const streams of streamCounts) {
      for (const direction of directions) {
        for (const way of ways) {
          const measure = `line-${run.roundTripMs}ms-${direction}-${streams}`
          await run.record(run.samples, { measure, ...way, round }, () =>
            throughput(bench, generator, way, { direction, streams }),
          )
        }
      }
    }
  }
}

interface Way {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
}

async function throughput(
  bench: Bench,
  generator: Generator,
  way: Way,
  load: { readonly direction: Direction; readonly streams: number },
): Promise<Figures> {
  const bytes = Math.round((bench.options.gib / 4) * 1024 ** 3)
  const endpoint = { ...way, ca: bench.ca }
  const task = { kind: 'throughput', ...load, bytes } as const
  const { seconds = 0 } = await generator.run({ task, endpoint, pid: process.pid, behind: [] })
  return { mibPerSecond: bytes / 1024 ** 2 / seconds }
}
