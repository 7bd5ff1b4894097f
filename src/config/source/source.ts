import type { Files } from '../../files.ts'
import type { Findings } from './findings.ts'
import type { Environment, Settings } from './settings.ts'

/** What every reader reads from, and tells what it finds. */
export interface Source {
  readonly settings: Settings
  readonly env: Environment
  readonly files: Files
  readonly findings: Findings
  /** The configuration file as it was named, for messages. */
  readonly path: string
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs: number
}
