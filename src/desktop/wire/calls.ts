import { z } from 'zod'
import { connectionSettings } from './connection.ts'
import type { WindowAnswer } from './proof.ts'
import type {
  ConnectionView,
  DaemonView,
  LogEntry,
  ProxyView,
  TrafficSample,
  Trouble,
} from './view.ts'

// What the daemon is asked, by its socket (`postern up` …) and by the window. Each row of `calls` is one. Answers are
// JSON; what did not work is answered by `Fault`, with a status from 400 on.

/** Which connections: all of them where neither is given. */
export const which = z.strictObject({
  /** Ids or names. */
  connections: z.array(z.string().min(1).max(200)).max(10_000).optional(),
  tag: z.string().min(1).max(100).optional(),
})
export type Which = z.output<typeof which>

/** How a gateway is reached, where no connection says it yet. */
export const gatewayInput = z.strictObject({
  /** An address, or the name of a gateway that is remembered. */
  gateway: z.string().trim().min(1).max(4096),
  ...connectionSettings.pick({
    disable_tls_verification: true,
    ca_file: true,
    ca_cert: true,
    client_cert_file: true,
    client_key_file: true,
    client_cert: true,
    client_key: true,
  }).shape,
})
export type GatewayInput = z.input<typeof gatewayInput>

/** `POST /gateways/sign-out`: a gateway by itself, or as one of its connections reaches it. */
export const sessionInput = gatewayInput.extend({
  /** The id of that connection: whom it trusts and what it shows is taken from it, its private key with it. */
  connection: z.string().max(64).optional(),
})
export type SessionInput = z.input<typeof sessionInput>

/** `POST /gateways/sign-in`. */
export const signInInput = sessionInput.extend({
  /** Whoever is signed in already signs in again, and the session lasts as long once more. */
  is_renewal: z.boolean().default(false),
})
export type SignInInput = z.input<typeof signInInput>

/** `POST /gateways/load`: its routes become connections; those of an earlier time are brought up to date. */
export const loadInput = gatewayInput.extend({
  tags: connectionSettings.shape.tags,
  /** Says what would be done, and does nothing. */
  is_trial: z.boolean().default(false),
  /** The ids of routes to take; all where it is left out. */
  routes: z.array(z.string().max(4096)).optional(),
})
export type LoadInput = z.input<typeof loadInput>

/** `POST /import`. */
export const importInput = z.strictObject({
  text: z.string().max(8 * 1024 * 1024),
  /** Says what would be done, and does nothing. */
  is_trial: z.boolean().default(false),
  /** What becomes of one that has the name of another: `skip` it, or keep it as well under another name. */
  duplicates: z.enum(['refuse', 'skip', 'keep']).default('refuse'),
})
export type ImportInput = z.input<typeof importInput>

/** What an import or a load did, or would do. Nothing is done where there are `faults`. */
export interface ImportAnswer {
  readonly format: 'postern' | 'pomerium' | 'routes'
  readonly added: readonly string[]
  readonly updated: readonly string[]
  readonly removed: readonly string[]
  /** Names that are taken, and what they lead to; with `skip` these are left out. */
  readonly duplicates: readonly string[]
  /** What became otherwise than it is written, such as a local address that another connection has. */
  readonly adjusted: readonly string[]
  /** Names of those that were taken over and cannot be up, and why. */
  readonly unsupported: readonly { readonly name: string; readonly why: string }[]
  /** Fields that nobody knows, and where: nothing was lost silently. */
  readonly unknown_fields: readonly string[]
  readonly faults: readonly Problem[]
}

/** `POST /export`. */
export const exportInput = which.extend({
  format: z.enum(['postern', 'pomerium']).default('postern'),
  tags: z.boolean().default(true),
  /** Private keys that are kept with connections. */
  keys: z.boolean().default(false),
})
export type ExportInput = z.input<typeof exportInput>

export interface ExportAnswer {
  readonly file_name: string
  readonly text: string
  /** What the file does not say, such as private keys. */
  readonly left_out: readonly string[]
}

/** `POST /gateways/sign-in`. */
export interface SignInAnswer {
  /** Undefined where somebody is signed in already, unless their session is renewed. */
  readonly url?: string
  /** Whether the daemon has opened it in the person's browser; else a page does. */
  readonly is_open?: boolean
  readonly person?: string
}

/** A route of a gateway, as the person may use it, or may only know of it. */
export interface RouteView {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Undefined for one that is not TCP, or that a person has to complete. */
  readonly destination?: string
  readonly is_usable: boolean
  /** Why it is not, and whom to ask. */
  readonly why?: string
  readonly contact?: string
  /** The connection that is made of it. */
  readonly connection?: string
}

/** `POST /requests`: asks for access to a route for a while. */
export const accessInput = z.strictObject({
  connection: z.string().max(64),
  reason: z.string().trim().min(1).max(2_000),
  seconds: z.int().min(60).optional(),
})
export type AccessInput = z.input<typeof accessInput>

export interface AccessAnswer {
  readonly id: string
  readonly state: string
  readonly message: string
  /** RFC 3339. */
  readonly ends_at?: string
}

/** `POST /files`: the connections of a YAML file become what it says now; none of them take it away. */
export const fileInput = z.strictObject({
  /** Absolute. */
  path: z.string().min(1).max(4096),
  connections: z.array(connectionSettings).max(10_000),
})
export type FileInput = z.input<typeof fileInput>

/** `PUT /connections/:id` and `POST /connections`; a client key that is left out stays as it is. */
export const connectionInput = connectionSettings.extend({
  keep_client_key: z.boolean().default(false),
})
export type ConnectionCall = z.input<typeof connectionInput>

/** A command to paste, by the program it is for. */
export interface ToolCommand {
  readonly tool: string
  readonly command: string
}

export interface ConnectionDetail {
  readonly connection: ConnectionView
  readonly commands: readonly ToolCommand[]
  readonly log: readonly LogEntry[]
  readonly traffic: readonly TrafficSample[]
}

/** A browser that may use the window. */
export interface BrowserView {
  readonly id: string
  /** What it calls itself. */
  readonly name: string
  /** RFC 3339. */
  readonly added_at: string
  readonly used_at: string
  /** Whether it is the one that asks. */
  readonly is_this: boolean
}

/** `POST /window`, which no browser may call: another address for the window makes every browser a stranger. */
export const windowInput = z.strictObject({ new_address: z.boolean().default(false) })
export type WindowInput = z.input<typeof windowInput>

/** `POST /proxies`, which no browser may call: opens a local proxy to one gateway. */
export const proxyInput = z.strictObject({
  /** `127.0.0.1:PORT` or `unix:PATH`. */
  listen: z.string().trim().min(1).max(4096),
  /** Where the gateway is; undefined where all connections are of one. */
  gateway: gatewayInput.shape.gateway.optional(),
})
export type ProxyInput = z.input<typeof proxyInput>

/** What is wrong at one place of what was sent: `destination`, `connections[2].listen`. */
export interface Problem {
  readonly path: string
  readonly message: string
  readonly hint?: string
  readonly line?: number
  readonly column?: number
}

/** What did not work. */
export interface Fault extends Omit<Trouble, 'at'> {
  readonly problems?: readonly Problem[]
}

/** Everything that the daemon can be asked: method and path, what is sent, what is answered. */
export interface Calls {
  'GET /state': { input: undefined; answer: DaemonView }
  /** The same, once the gateways that are in use have been asked whether they are there. */
  'POST /look': { input: undefined; answer: DaemonView }
  'POST /connections': { input: ConnectionCall; answer: ConnectionView }
  'GET /connections/:id': { input: undefined; answer: ConnectionDetail }
  'PUT /connections/:id': { input: ConnectionCall; answer: ConnectionView }
  'POST /connections/:id/duplicate': { input: undefined; answer: ConnectionView }
  'POST /connections/:id/shortcut': { input: undefined; answer: { path: string } }
  'GET /connections/:id/rdp': { input: undefined; answer: ExportAnswer }
  'POST /delete': { input: Which; answer: { removed: readonly string[] } }
  'POST /up': { input: Which; answer: { connections: readonly ConnectionView[] } }
  'POST /down': { input: Which; answer: { connections: readonly ConnectionView[] } }
  'POST /files': { input: FileInput; answer: { connections: readonly ConnectionView[] } }
  'GET /log': { input: undefined; answer: { entries: readonly LogEntry[] } }
  /** The session has begun: the daemon stays from now on, and brings up what starts at launch. */
  'POST /launch': { input: undefined; answer: { pid: number } }
  /** Ends the daemon, after the answer. */
  'POST /quit': { input: undefined; answer: { pid: number } }
  'POST /proxies': { input: ProxyInput; answer: ProxyView }
  'DELETE /proxies': { input: undefined; answer: { removed: readonly string[] } }
  'POST /import': { input: ImportInput; answer: ImportAnswer }
  'POST /export': { input: ExportInput; answer: ExportAnswer }
  /** `gateway` is its origin, by whatever name it was called. */
  'POST /gateways/sign-in': { input: SignInInput; answer: SignInAnswer & { gateway: string } }
  'POST /gateways/sign-out': { input: SessionInput; answer: { ended: boolean } }
  'POST /gateways/routes': { input: GatewayInput; answer: { routes: readonly RouteView[] } }
  'POST /gateways/load': { input: LoadInput; answer: ImportAnswer }
  'POST /requests': { input: AccessInput; answer: AccessAnswer }
  'POST /window': { input: WindowInput; answer: WindowAnswer }
  'GET /browsers': { input: undefined; answer: { browsers: readonly BrowserView[] } }
  'DELETE /browsers/:id': { input: undefined; answer: { removed: readonly string[] } }
}
