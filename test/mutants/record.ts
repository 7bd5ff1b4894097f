import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cameOf } from './judge.ts'
import type { Mutant } from './mutant.ts'
import type { Tested } from './run-stryker.ts'
import { root } from './scope.ts'

/** What came of the last recorded run over one source. */
export interface FileRecord {
  /** SHA-256 of the source that was changed: of another one nothing is known. */
  readonly sha256: string
  readonly killed: number
  readonly timedOut: number
  readonly survivors: readonly Omit<Mutant, 'file'>[]
}

/** By source. */
export type Records = Readonly<Record<string, FileRecord>>

const path = join(root, 'test', 'mutants', 'record.json')

export function readRecord(): Records {
  return JSON.parse(readFileSync(path, 'utf8')) as Records
}

/** Those that were recorded before, and those of which nothing says that their tests are enough already. */
export function judgedOf(sources: readonly string[], records: Records) {
  return {
    judged: sources.filter((file) => records[file] !== undefined),
    unjudged: sources.filter((file) => records[file] === undefined),
  }
}

/** Keeps what came of a run, for docs/mutants.md: of those sources that were tested whole. */
export function keepRecord(sources: readonly string[], { mutants, leftOut }: Tested): void {
  const whole = sources.filter((file) => !leftOut.has(file))
  const records = Object.fromEntries(whole.map((file) => [file, recordOf(file, mutants)]))
  const all = Object.entries({ ...readRecord(), ...records })
  const sorted = Object.fromEntries(all.toSorted(([one], [other]) => (one < other ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify(sorted, null, 2)}\n`)
}

function recordOf(file: string, mutants: readonly Mutant[]): FileRecord {
  const { survivors, ...counts } = cameOf(mutants.filter((mutant) => mutant.file === file))
  const inOrder = survivors.toSorted((one, other) => one.line - other.line)
  const rest = inOrder.map(({ line, mutator, at, from, to, outcome }) => ({
    line,
    mutator,
    at,
    from,
    to,
    outcome,
  }))
  return { sha256: sha256Of(file), ...counts, survivors: rest }
}

/** Of a source as it is now. */
export function sha256Of(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex')
}
