/** Options that every command about a gateway has. */
export interface GatewayOptions {
  /** The configuration file. */
  readonly config?: string
}

export interface RunGatewayOptions extends GatewayOptions {
  /** Milliseconds. */
  readonly gracePeriod: number
}

export interface CheckOptions extends GatewayOptions {
  readonly json?: boolean
}

export interface SessionsOptions extends GatewayOptions {
  readonly stateDirectory?: string
  readonly json?: boolean
}

/** Read when `-c` names no other. */
export const defaultConfigPath = 'postern.yaml'
