import type { Session } from '../identity/session.ts'
import type { GatewayConfig } from './config/config.ts'
import type { RequestHeaders } from './headers.ts'
import type { SessionEnd } from './live-tunnels.ts'
import type { Caller } from './parts.ts'

/** Who is who, as the rest of the gateway sees it. */
export interface GatewayIdentity {
  /** Who sent these headers; nobody for a missing, unknown or ended token. */
  identify(headers: RequestHeaders): Promise<Caller>
  session(id: string): Promise<Session | undefined>
  sessionVersion(id: string): number | undefined
  /** Calls back when a session has changed or ended. */
  onSession(listener: (id: string, ended: SessionEnd) => void): void
  listSessions(): Promise<readonly Session[]>
  revokeSession(id: string): Promise<boolean>
  signInLocation(): string | undefined
  /** Takes over where a sign-in may end. */
  reload(config: GatewayConfig): void
  close(): Promise<void>
}
