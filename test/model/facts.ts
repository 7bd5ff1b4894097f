import type { Ended } from '../../src/telemetry/ended.ts'
import type { ClientCertificate, Trust } from './certificates.ts'
import type { Rule } from './rules.ts'
import type { ProviderPerson, Said, Tried } from './world/provider.ts'
import type { Attempt } from './world/world.ts'
import type { RequestHeaders } from '../../src/request-headers.ts'

// What is true in the model's world, in plain data. The changes write it beside what they do to the gateway, and the
// reference reads nothing else.

export interface Person extends ProviderPerson {
  isBlocked: boolean
  /** When the provider last said that they are signed out there, milliseconds; 0 for never. */
  signedOutAtMs: number
}

/** A session of a person, or of one credential of a service account. */
export interface Session {
  readonly userId: string
  /** Undefined for a service account. */
  readonly person: Person | undefined
  readonly headers: RequestHeaders
  /** As the store names it; empty for a service account. */
  readonly id: string
  /** As the provider names it. */
  readonly signIn: string
  expiresAtMs: number
  readonly issuedAtMs: number
  /** When it was used last: between the two, since a tunnel uses it without anybody asking for it. */
  usedFromMs: number
  usedUntilMs: number
  /** Why it was ended; undefined while nothing but its time ends it. */
  ended: Ended | undefined
}

export type Place =
  | { readonly kind: 'direct'; readonly host: string }
  | { readonly kind: 'next-gateway'; readonly port: number }
  | { readonly kind: 'connector'; readonly tunnel: string }

export interface Route {
  readonly id: string
  /** The host of its `from`, perhaps with a `*`. */
  readonly host: string
  readonly isStored: boolean
  place: Place
  rules: readonly Rule[]
  /** Whether the named policy decides as well. */
  isUnderPolicy: boolean
  /** Longest life of a tunnel, in milliseconds; 0 for no limit. */
  lifeMs: number
  /** After which a tunnel without a byte ends, in milliseconds; 0 for never. */
  idleMs: number
  /** Whether people may let themselves in for a while. */
  hasBreakGlass: boolean
  isThere: boolean
}

/** Access to a route for a while. */
export interface Access {
  readonly id: string
  readonly userId: string
  readonly routeId: string
  readonly untilMs: number
  isOver: boolean
}

export interface NamedTunnel {
  readonly name: string
  /** Undefined while there is none of that name. */
  id: string | undefined
}

/** A tunnel that was opened, and has not been seen to end. */
export interface OpenTunnel {
  readonly attempt: Attempt
  /** As the gateway keeps it: the same object as long as it is open. */
  readonly entry: object
  /** Undefined for nobody's, and once the session is over and everybody may have the tunnel. */
  session: Session | undefined
  readonly ip: string
  readonly certificate: ClientCertificate | undefined
  readonly host: string
  readonly place: Place
  readonly openedAtMs: number
  /** The idle limit that it has, and since when nothing has passed, or it has had that limit. */
  idleMs: number
  silentSinceMs: number
  /** The grant that it rests on where no rule lets the person in. */
  accessId: string | undefined
  /** What somebody has done to this very tunnel, or to what it goes through. */
  readonly cutBy: Set<Ended>
}

/** A user of the company's directory, and what is left of one that was deleted. */
export interface DirectoryUser {
  readonly id: string
  userName: string
  /** By which the provider knows them; undefined where the directory does not say. */
  externalId: string | undefined
  emails: readonly string[]
  isActive: boolean
  isDeleted: boolean
}

export interface DirectoryGroup {
  readonly id: string
  name: string
  /** Ids of users. */
  members: ReadonlySet<string>
}

/** What the company's directory has written by SCIM. */
export interface CompanyDirectory {
  /** Whether any of it counts: the configuration names who may write. */
  isOn: boolean
  readonly users: DirectoryUser[]
  readonly groups: DirectoryGroup[]
}

export interface Facts {
  nowMs: number
  readonly people: readonly Person[]
  readonly sessions: Session[]
  readonly routes: readonly Route[]
  /** Rules of the named policy. */
  policy: readonly Rule[]
  /** Groups that the directory's file puts people in, by email address; undefined without a file. */
  directory: ReadonlyMap<string, readonly string[]> | undefined
  readonly company: CompanyDirectory
  trust: Trust
  readonly accesses: Access[]
  readonly namedTunnels: readonly NamedTunnel[]
  open: OpenTunnel[]
  /** What the provider has said to the gateway of a sign-in. */
  said(signIn: string): Said
  /** How the gateway last tried to ask the provider about it. */
  tried(signIn: string): Tried
}
