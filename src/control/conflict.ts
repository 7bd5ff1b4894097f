import { PeerError } from '../errors.ts'

/** Something has changed since whoever changes it has read it. */
export class ConflictError extends PeerError {
  /** What it is now; no secrets. */
  readonly current: unknown

  constructor(message: string, current: unknown) {
    super('conflict', message, { hint: 'look at what it is now, and change that' })
    this.current = current
  }
}
