import { readFileSync } from 'node:fs'
import { Instrumenter } from '@stryker-mutator/instrumenter'

/** A source that holds all its mutants, each behind a switch, and what they are. */
export interface Instrumented {
  readonly text: string
  readonly places: readonly Place[]
}

/** What a mutant changes. */
export interface Place {
  readonly id: string
  readonly mutator: string
  readonly replacement: string
  /** Lines and columns from 0. */
  readonly start: Position
  readonly end: Position
}

interface Position {
  readonly line: number
  readonly column: number
}

/** Stryker's mutators, all of them. */
export async function instrument(path: string): Promise<Instrumented> {
  const file = { name: path, content: readFileSync(path, 'utf8'), mutate: true }
  const options = { excludedMutations: [], ignorers: [], plugins: null }
  const { files, mutants } = await new Instrumenter(silent).instrument([file], options)
  return {
    text: files[0]?.content ?? '',
    places: mutants.map(({ id, mutatorName, replacement, location }) => ({
      id,
      mutator: mutatorName,
      replacement: replacement ?? '',
      start: location.start,
      end: location.end,
    })),
  }
}

const no = (): false => false
const nothing = (): void => undefined

const silent: ConstructorParameters<typeof Instrumenter>[0] = {
  isTraceEnabled: no,
  isDebugEnabled: no,
  isInfoEnabled: no,
  isWarnEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
}
