import type { Protocol } from './endpoint.ts'

/** What a target needs to know to start. */
export interface Setting {
  /** Where it sends the bytes: a port of 127.0.0.1, plain TCP. */
  readonly upstreamPort: number
  /** A directory of its own to write configuration and state to. */
  readonly directory: string
  /** Files of the certificate and key it shows, PEM; `bundleFile` has both. */
  readonly certFile: string
  readonly keyFile: string
  readonly bundleFile: string
  /** The authority that the certificate is from, PEM. */
  readonly caFile: string
}

/** Something that terminates TLS on a port and carries the bytes to the upstream. */
export interface Target {
  /** As on the command line and in the results. */
  readonly name: string
  /** The ways tunnels are opened through it; each is measured. */
  readonly protocols: readonly Protocol[]
  /** Why it cannot be measured on this machine; undefined when it can. */
  missing(): string | undefined
  start(setting: Setting): Promise<RunningTarget>
}

export interface RunningTarget {
  readonly pid: number
  /**
   * Processes of ours on the way from there to the upstream, whose costs are told as well; undefined where it
   * makes no sense to ask.
   */
  readonly behind?: readonly number[]
  readonly port: number
  stop(): Promise<void>
}
