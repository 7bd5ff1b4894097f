import type { Logger } from '../../log.ts'
import type { Identity } from '../../identity/identity.ts'
import type { AuditLog } from '../../telemetry/audit-log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Caller } from '../../access/caller.ts'
import type { Route } from '../../routes/route.ts'
import type { SeenRoutes } from '../../routes/seen.ts'
import type { SignInLog } from './sign-in-log.ts'

/** What the sign-in pages and APIs need. */
export interface SignInParts {
  readonly identity: Identity
  /** Where the whole sign-in runs, whatever name a request came by. */
  readonly origin: URL
  readonly metrics: Metrics
  /** Where sign-ins, failed ones and sign-outs are kept. */
  readonly audit: AuditLog
  readonly logger: Logger
  readonly signInLog: SignInLog
  /** Path where a sign-in ends that was not asked for by a program. */
  readonly home: string
  /** Where a sign-in may end, by the whitelist that holds now; undefined when it may not. */
  parseRedirect(text: string): URL | undefined
  /** Whether machines without a browser may be signed in, as the configuration has it now. */
  deviceLogin(): boolean
  /** The routes somebody may use now. */
  routesFor(caller: Caller): readonly Route[]
  /** The same with the ways to them, and what else is shown to somebody; `gateway` is where they reach it. */
  seenBy(caller: Caller, gateway: string): SeenRoutes
}
