import type { CertificatePair } from '../../src/net/certificate.ts'
import type { Ended } from '../../src/telemetry/ended.ts'
import type { Setting } from './setting.ts'

/** What ends access while a gateway runs, done as whoever does it would. */
export interface Cause {
  readonly name: string
  /** What the log says that each tunnel ended by. */
  readonly ended: Ended
  /** Whose tunnels: Alice's of a sign-in, or a service account's. **Default:** Alice's */
  readonly whose?: (setting: Setting) => Promise<string>
  /** What a gateway has to be started with for it; causes with the same have one gateway. **Default:** nothing */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Before the tunnels are open; resolves to the certificate that their clients show, where they show one. */
  readonly prepare?: (setting: Setting) => Promise<CertificatePair | undefined | void>
  /** Ends access; resolves to when it was over, of `performance.now()`. */
  act(setting: Setting): Promise<number>
  /** Lets everybody in again. */
  readonly restore?: (setting: Setting) => Promise<void>
}

/** Time from a date that access is given until then, in milliseconds: as long as a crowd needs to come. */
export const windowMs = 60_000

/** When an act began: what it answers may come after the tunnels are cut. */
export function now(act: () => Promise<unknown>): Promise<number> {
  const at = performance.now()
  return act().then(() => at)
}

/** When a moment of the wall clock is, or was, of `performance.now()`. */
export const atMoment = (ms: number): number => performance.now() + ms - Date.now()
