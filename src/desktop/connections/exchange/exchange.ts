import type { Problem } from '../../../errors.ts'
import type { Path } from '../../../yaml-text.ts'
import type { ConnectionSettings } from '../../wire/connection.ts'

/** A connection as a text has it. */
export interface WrittenConnection {
  readonly settings: ConnectionSettings
  /** Where one of its keys stands, or would. */
  place(key: keyof ConnectionSettings): Path
}

/** What a text says, before anybody looks at what its texts mean. */
export interface Decoded {
  readonly connections: readonly WrittenConnection[]
  /** Fields that nobody knows. */
  readonly unknown: readonly Path[]
  readonly problems: readonly Problem[]
}
