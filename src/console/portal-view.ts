/**
 * What the portal shows: the answer to `GET /.postern/api/v1/portal`. Types only, for the page that is
 * built from `src/web/portal` and for the gateway that answers it.
 */
export interface PortalView {
  /** Whether anybody can sign in at this gateway; where nobody can, its public routes are shown. */
  readonly canSignIn: boolean
  /** Null for somebody who is not signed in, or no longer. */
  readonly person: PortalPerson | null
  /** The gateway's clock, in milliseconds since the epoch: the browser's own may be wrong. */
  readonly nowMs: number
  /** How to get the program that the commands are for. */
  readonly install: PortalInstall
  /** First those that may be used. */
  readonly routes: readonly PortalRoute[]
  /** Whether they have asked for access lately: its route may be none of these, and the answer is for them all the same. */
  readonly hasAsked: boolean
}

export interface PortalInstall {
  /** The URL by which they reach the gateway. */
  readonly gateway: string
  /** What it hands out, the newest for each system. */
  readonly executables: readonly PortalDownload[]
  /** A page of whoever runs the gateway; null where there is none. */
  readonly page: string | null
}

export interface PortalDownload {
  readonly name: string
  /** Such as `linux-x64`. */
  readonly system: string
  readonly version: string
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}

export interface PortalPerson {
  /** The best name there is: a name, an email address or a user id. */
  readonly name: string
  readonly email: string | null
  readonly sessionEndsAtMs: number
  /** Whether the console is open to them. */
  readonly hasRole: boolean
  /** Whether they sign in with passkeys that this gateway keeps. */
  readonly hasPasskeys: boolean
}

export interface PortalRoute {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly isUsable: boolean
  /** Whether its service is behind a connector that is not connected now. */
  readonly isOffline: boolean
  /** How to reach it; empty when it may not be used. */
  readonly ways: readonly PortalWay[]
  /** Why it may not be used, one sentence each without a full stop; empty when it may. */
  readonly reasons: readonly string[]
  /** Whom to ask for access: an email address, a URL or a sentence; empty when nobody said. */
  readonly contact: string
  /** What access for a while is to them; null where there is nothing of the kind. */
  readonly access: PortalAccess | null
}

/** Access for a while: what may be asked for, and what became of it. Moments are in milliseconds since the epoch. */
export interface PortalAccess {
  /** Longest time that may be asked for, in seconds; null where nobody can be asked now. */
  readonly askMaxSeconds: number | null
  /** Longest time for which they may let themselves in, in seconds; null where they may not. */
  readonly breakGlassMaxSeconds: number | null
  /** What they wait for. */
  readonly pending: PortalRequest | null
  /** What lets them in now. */
  readonly grant: PortalGrant | null
}

export interface PortalRequest {
  readonly id: string
  readonly reason: string
  readonly forSeconds: number
  readonly askedAtMs: number
  /** Until when it waits. */
  readonly expiresAtMs: number
}

export interface PortalGrant {
  /** Of the request that it answers. */
  readonly id: string
  readonly untilMs: number
  /** Who gave it; the person themselves for break-glass. */
  readonly by: string
  readonly isBreakGlass: boolean
}

export interface PortalWay {
  /** What is asked for: `host:port`, or the host name of an application. */
  readonly destination: string
  /** Words in the commands that a person replaces: `NAME`, `PORT`. */
  readonly placeholders: readonly string[]
  /** One command that opens its program with the tunnel around it; null where none is known. */
  readonly open: string | null
  readonly commands: readonly PortalCommand[]
}

export interface PortalCommand {
  readonly tool: string
  readonly command: string
}
