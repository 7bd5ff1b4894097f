import type { LookUpAll } from '../../net/dial.ts'
import type { Check } from '../../reach/checks.ts'
import type { ReachOptions } from '../../reach/dialer.ts'
import type { StepLimits } from './step-limits.ts'

/** The steps of a doctor, in their order. `routes` stands where no destination is asked for. */
export const doctorSteps = [
  'dns',
  'tcp',
  'proxy',
  'tls',
  'certificate',
  'gateway',
  'transport',
  'sign-in',
  'routes',
  'policy',
  'service',
] as const
export type DoctorStep = (typeof doctorSteps)[number]
export type DoctorCheck = Check<DoctorStep>

export interface DoctorOptions extends Pick<ReachOptions, 'gateway' | 'trust' | 'proxies'> {
  /** `host:port` of a route; without it the check ends after the sign-in. */
  readonly authority: string | undefined
  /** A service account's credential, instead of a person's sign-in. */
  readonly serviceAccountToken: string | undefined
  readonly cacheDirectory: string
  readonly signal: AbortSignal
  /** **Default:** the system's */
  readonly lookup?: LookUpAll | undefined
  /** **Default:** `stepLimits` */
  readonly limits?: Partial<StepLimits> | undefined
  /** The time in milliseconds since the epoch. **Default:** `Date.now` */
  readonly now?: (() => number) | undefined
}

/** What the steps of one run know of each other. */
export interface Examination extends DoctorOptions {
  readonly limits: StepLimits
  readonly now: () => number
  /** Whether of all ways of asking for a tunnel only a WebSocket passes; known after that step. */
  isWebSocketOnly: boolean
}
