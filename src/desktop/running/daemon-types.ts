import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import type { LocalAddress } from '../../client/serve/listen-address.ts'
import type { Closable } from '../../shutdown.ts'
import type { ConnectionsFile } from '../connections/connections-file.ts'
import type { Surroundings } from '../gateways/gateway-link.ts'
import type { Links } from '../gateways/links.ts'
import type { Which } from '../wire/calls.ts'
import type { ConnectionSettings } from '../wire/connection.ts'
import type {
  ConnectionView,
  DaemonEvent,
  DaemonView,
  LogEntry,
  ProxyView,
  TrafficSample,
  Trouble,
} from '../wire/view.ts'
import type { Kept } from './kept.ts'
import type { Change } from './plan.ts'
import type { WantedProxy } from './running-proxies.ts'

export interface DaemonOptions extends Surroundings {
  readonly file: ConnectionsFile
  /** Makes a sentence of who holds an address that could not be had; undefined where nobody knows. */
  readonly whoHolds: (listen: LocalAddress) => Promise<string | undefined>
  /** Shows a person what they have to see to, whether or not they look at the window. Must not throw. */
  readonly tellPerson: (message: string, hint: string | undefined) => void
  /** The gateways that `postern login` has remembered, as they are now. Must not reject. **Default:** none */
  readonly remembered?: () => Promise<KnownGateways>
  readonly pid: number
  readonly platform?: NodeJS.Platform
}

/** What changes a person's connections, and brings them up and down. */
export interface Daemon extends Closable {
  view(): DaemonView
  viewOf(id: string): ConnectionView
  find(id: string): Kept
  all(): readonly Kept[]
  /** Those that are meant, in their order; `PeerError` `connection-not-found` for a name that is none's. */
  which(which: Which): readonly Kept[]
  logOf(id: string): readonly LogEntry[]
  /** Of all connections, oldest first. */
  wholeLog(): readonly LogEntry[]
  trafficOf(id: string): readonly TrafficSample[]
  readonly links: Links
  /** The gateways that are remembered now. */
  remembered(): Promise<KnownGateways>
  follow(listener: (event: DaemonEvent) => void): Disposable
  /** Calls back whenever `view()` may say something else, until disposed: nobody counts as looking for it. Must not throw. */
  onChange(listener: () => void): Disposable
  /** Calls back for each line of a log, until disposed. Must not throw. */
  onEntry(listener: (entry: LogEntry) => void): Disposable
  /** Whether nothing is up and nobody looks. */
  readonly isIdle: boolean
  /** Tells of something in the connection's log, unless it was removed meanwhile. */
  note(connection: string, entry: Omit<LogEntry, 'number' | 'at' | 'connection'>): void
  /** Something that a person should know; the one with the same code is replaced. */
  notice(trouble: Trouble): void
  /**
   * Adds, replaces and removes in one step, as the file is written. What follows from the connections there are is a
   * function, called when those before it are done.
   *
   * @throws ConfigError with a fault's `path` at each key; SystemError `connections-…`
   */
  change(change: Change | (() => Change)): Promise<readonly string[]>
  /** Throws what `change` would. */
  check(change: Change): void
  /** Makes those of a YAML file what it says now; an empty list takes them away. */
  replaceFile(file: string, settings: readonly ConnectionSettings[]): Promise<readonly string[]>
  /** Brings connections up; resolves when each has listened or failed to. */
  up(ids: readonly string[]): Promise<void>
  down(ids: readonly string[]): Promise<void>
  /**
   * Opens a local proxy to a gateway; one at the same address makes room.
   *
   * @throws SystemError `address-in-use`, `proxy-open-to-others`, `certificate-unreadable`, …
   */
  openProxy(wanted: WantedProxy): Promise<ProxyView>
  /** Closes all local proxies; answers their addresses. */
  closeProxies(): Promise<readonly string[]>
  /** Asks every gateway again, on new connections: the machine slept, or its network is another. */
  lookAgain(why: string): Promise<void>
}
