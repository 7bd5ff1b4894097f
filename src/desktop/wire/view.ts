import type { ConnectionSettings } from './connection.ts'

/** What went wrong, for a person: what, and what to do next. */
export interface Trouble {
  /** A stable code, such as `gateway-unreachable`. */
  readonly code: string
  readonly message: string
  readonly hint?: string
  /** Names the request in the gateway's log. */
  readonly request_id?: string
  /** A page of the gateway that says more. */
  readonly page?: string
  /** RFC 3339. */
  readonly at: string
}

/**
 * How it stands with a connection, by what happened to its bytes:
 *
 * - `off`: nobody has started it
 * - `listening`: it listens, and nothing says that it would not work
 * - `connected`: tunnels of it are open
 * - `sign-in-needed`: its gateway wants somebody to sign in
 * - `gateway-unreachable`, `service-unreachable`: the last that was heard of either
 * - `denied`: the gateway said no
 * - `failed`: something else went wrong, `trouble` says what
 * - `not-listening`: its local address cannot be had; it is tried again
 * - `unsupported`: UDP, or a certificate that this program cannot use
 */
export type ConnectionState =
  | 'off'
  | 'listening'
  | 'connected'
  | 'sign-in-needed'
  | 'gateway-unreachable'
  | 'service-unreachable'
  | 'denied'
  | 'failed'
  | 'not-listening'
  | 'unsupported'

export interface Bytes {
  readonly up: number
  readonly down: number
}

/** What a connection's settings are to a page: a private key never goes there. */
export type ShownSettings = Omit<ConnectionSettings, 'client_key'> & {
  readonly has_client_key: boolean
}

/** A connection as it is now. */
export interface ConnectionView {
  readonly id: string
  readonly settings: ShownSettings
  /** The origin of its gateway, `https://host[:port]`; undefined where its settings name none. */
  readonly gateway?: string
  /** `host:port`, as it is asked for. */
  readonly authority?: string
  readonly state: ConnectionState
  /** Whether somebody wants it up, whatever `state` says. */
  readonly is_up: boolean
  /** Where it listens, or will: `HOST:PORT` or `unix:PATH`. */
  readonly address: string
  /** Why `state` is none of the good ones; else the last that went wrong, for a while. */
  readonly trouble?: Trouble
  /** Tunnels that are open. */
  readonly tunnels: number
  /** Since the daemon started. */
  readonly bytes: Bytes
  /** Where it was read from, for one that is not kept in the daemon's own file: a YAML file's path. */
  readonly file?: string
}

/** A gateway that connections use, as it is now. */
export interface GatewayView {
  readonly origin: string
  readonly reach: 'unknown' | 'reachable' | 'unreachable'
  readonly trouble?: Trouble
  /** Undefined while nobody knows; `wanted` where it asked for a sign-in that nobody has finished. */
  readonly session: 'unknown' | 'signed-in' | 'wanted'
  /** Name or email address of whoever is signed in. */
  readonly person?: string
  /** RFC 3339. */
  readonly session_ends_at?: string
  /** The address to sign in at, while a sign-in is under way. */
  readonly sign_in_url?: string
}

export interface ProxyView {
  /** `HOST:PORT` or `unix:PATH`. */
  readonly address: string
  readonly gateway: string
  /** Undefined for a Unix socket, which needs none. */
  readonly user?: string
  readonly tunnels: number
  readonly bytes: Bytes
}

/** The daemon as it is now. */
export interface DaemonView {
  readonly version: string
  readonly pid: number
  /** RFC 3339. */
  readonly started_at: string
  readonly connections: readonly ConnectionView[]
  readonly gateways: readonly GatewayView[]
  readonly proxies: readonly ProxyView[]
  /** What the person should know, such as a damaged file that was set aside. */
  readonly notices: readonly Trouble[]
}

/** A line of a connection's log. */
export interface LogEntry {
  /** Counts up within one daemon, over all connections. */
  readonly number: number
  readonly connection: string
  /** RFC 3339. */
  readonly at: string
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly hint?: string
  readonly code?: string
  readonly request_id?: string
  readonly page?: string
}

/** Bytes of one second. */
export interface TrafficSample extends Bytes {
  /** Seconds since the epoch. */
  readonly second: number
}

/**
 * A line of `GET /events` (NDJSON). The first is `state`; after it, at most four times a second, what has changed.
 * `beat` comes when nothing has for 15 seconds.
 */
export type DaemonEvent =
  | { readonly kind: 'state'; readonly state: DaemonView }
  | ChangedEvent
  | { readonly kind: 'log'; readonly entries: readonly LogEntry[] }
  | {
      readonly kind: 'traffic'
      /** By connection; those without any have none. */
      readonly samples: Readonly<Record<string, TrafficSample>>
    }
  | { readonly kind: 'beat' }

export interface ChangedEvent {
  readonly kind: 'changed'
  readonly connections: readonly ConnectionView[]
  /** Ids. */
  readonly removed: readonly string[]
  readonly gateways?: readonly GatewayView[]
  readonly proxies?: readonly ProxyView[]
  readonly notices?: readonly Trouble[]
}
