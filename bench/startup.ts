// How long the program takes to start, as ratios to a bare Node.js in the same run. Needs `npm run
// build`. `node bench/startup.ts [ROUNDS]` prints JSON.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { runProgramSync } from '../src/program.fixture.ts'

/** `postern --version` may take this many times as long as `node -e 0`. */
const maxVersionRatio = 2
const rounds = Number(process.argv[2] ?? 21)
const entry = join(import.meta.dirname, '..', 'dist', 'postern.js')

const starts = {
  bare: ['-e', '0'],
  version: [entry, '--version'],
  help: [entry, '--help'],
  tcpHelp: [entry, 'tcp', '--help'],
  // As far as the first packet: everything that a tunnel over HTTP/2 loads but HTTP/2 itself.
  tcpUnreachable: [entry, 'tcp', '--listen', '-', '--gateway', 'https://127.0.0.1:1', 'a:1'],
} as const

if (existsSync(entry)) report(measure())
else {
  process.stderr.write(`bench: error: "${entry}" is missing\n  hint: run "npm run build" first\n`)
  process.exitCode = 1
}

type Name = keyof typeof starts

/** Rounds take each start in turn, so that a busy moment of the machine falls on all of them. */
function measure(): Record<Name, number[]> {
  const durations: Record<Name, number[]> = {
    bare: [],
    version: [],
    help: [],
    tcpHelp: [],
    tcpUnreachable: [],
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(starts) as Name[]) {
      const startedMs = performance.now()
      runProgramSync(process.execPath, starts[name])
      durations[name].push(performance.now() - startedMs)
    }
  }
  return durations
}

function report(durations: Record<Name, number[]>): void {
  const bareMs = median(durations.bare)
  const results = Object.entries(durations).map(([name, values]) => {
    const medianMs = median(values)
    return [name, { medianMs: round(medianMs), ratio: round(medianMs / bareMs) }]
  })
  const versionRatio = round(median(durations.version) / bareMs)
  const isKept = versionRatio <= maxVersionRatio
  const promise = { versionRatio, maxVersionRatio, isKept }
  process.stdout.write(
    `${JSON.stringify({ bench: 'startup', rounds, promise, ...Object.fromEntries(results) }, undefined, 2)}\n`,
  )
  if (!isKept) process.exitCode = 1
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
