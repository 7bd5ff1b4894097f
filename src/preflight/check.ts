import type { GatewayConfig } from '../config/config.ts'
import type { LookUpAll } from '../net/dial.ts'
import type { Check } from '../reach/checks.ts'

/** What is tried, in its order. */
export const preflightSteps = [
  'provider',
  'client',
  'redirect',
  'clock',
  'listener',
  'name',
  'certificate',
  'upstream',
  'connector',
  'destination',
  'authority',
  'dns',
] as const
export type PreflightStep = (typeof preflightSteps)[number]

export type PreflightCheck = Check<PreflightStep>

/** What of a configuration leads out of it. */
export type Checked = Pick<
  GatewayConfig,
  | 'address'
  | 'auditForward'
  | 'authenticateServiceUrl'
  | 'autocert'
  | 'certificates'
  | 'fileRoutes'
  | 'httpRedirectAddress'
  | 'identityProviders'
  | 'metricsAddress'
  | 'routes'
  | 'sites'
  | 'stateDirectory'
>

export interface PreflightOptions {
  readonly config: Checked
  readonly signal: AbortSignal
  /** Longest wait for one answer, in milliseconds. **Default:** 10 s */
  readonly timeoutMs?: number
  /** **Default:** the system's */
  readonly lookup?: LookUpAll
  /** Of this machine. **Default:** the system's */
  readonly ownAddresses?: () => readonly string[]
  /** Milliseconds since the epoch. **Default:** `Date.now` */
  readonly now?: () => number
}

/** The same, with what was left out. */
export type Trying = Required<PreflightOptions>

/** Some names of routes in a sentence: `"a", "b" and 3 more`. */
export function named(names: readonly string[]): string {
  const quoted = names.slice(0, maxNamed).map((name) => JSON.stringify(name))
  const more = names.length - quoted.length
  const list = more === 0 ? quoted.slice(0, -1) : quoted
  const last = more === 0 ? quoted.at(-1) : `${more} more`
  return list.length === 0 ? (last ?? '') : `${list.join(', ')} and ${last}`
}

/** @limit none: routes that a check names */
const maxNamed = 3
