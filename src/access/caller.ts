import type { AnySession } from '../identity/session.ts'

/** Who asks for a tunnel. */
export interface Caller {
  readonly session: AnySession | undefined
  readonly sessionVersion: number | undefined
}
