import type { AnySession } from '../identity/session.ts'
import type { Client } from '../net/client.ts'

/** Whoever asks for something: from where, and as whom. Policies, grants and logs know nobody by other means. */
export interface Caller {
  readonly client: Client
  /** Undefined for somebody who is not signed in. */
  readonly session: AnySession | undefined
  /** The state that the session was read in, to be compared with the one it has later; undefined without one. */
  readonly sessionVersion: number | undefined
}
