import type { Command } from 'commander'

/** Options that every command about a gateway has. */
export interface GatewayOptions {
  /** The configuration file. */
  readonly config?: string
}

export interface RunGatewayOptions extends GatewayOptions {
  /** Milliseconds. */
  readonly gracePeriod: number
  readonly logFormat?: 'human' | 'json'
}

export interface CheckOptions extends GatewayOptions {
  /** Whether what it leads to is tried as well. */
  readonly online?: boolean
  /** The configuration file, named without `-c`. */
  readonly file?: string | undefined
  readonly json?: boolean
}

/** Options of commands that speak to a running gateway. */
export interface StateOptions extends GatewayOptions {
  readonly stateDirectory?: string
}

export interface SessionsOptions extends StateOptions {
  readonly json?: boolean
}

export interface AuditOptions extends StateOptions {
  readonly json?: boolean
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly kind?: string
}

export interface BackupOptions extends StateOptions {
  readonly json?: boolean
}

export interface RestoreOptions extends StateOptions {
  readonly json?: boolean
  readonly check?: boolean
  readonly keepSessions?: boolean
}

/** Read when `-c` names no other. */
export const defaultConfigPath = 'postern.yaml'

/** Lets a command name the configuration file. */
export function withConfig(command: Command): Command {
  return command.option(
    '-c, --config <file>',
    'the configuration file (default: postern.yaml here)',
  )
}

/** Lets a command find the running gateway it is about. */
export function withState(command: Command): Command {
  return withConfig(command).option(
    '--state-directory <directory>',
    "the gateway's state directory, instead of the one its configuration names",
  )
}

/** `postern gateway -c FILE check` means the same as `postern gateway check -c FILE`. */
export function inherited<T extends GatewayOptions>(options: T, command: Command): T {
  return { ...command.optsWithGlobals<T>(), ...options }
}
