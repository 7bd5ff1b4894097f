import type { Command } from 'commander'

/** One command of the program. Adding one is a module and a row here. */
export interface CommandEntry {
  readonly name: string
  /** One line of `postern --help`. */
  readonly summary: string
  /** Loads what defines it; what it runs is loaded by its action. */
  load(): Promise<(end: (exitCode: number) => void) => Command>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'tcp',
    summary: 'reach a TCP service through a gateway, from a local port or stdin and stdout',
    load: async () => (await import('./tcp.ts')).defineTcp,
  },
  {
    name: 'gateway',
    summary: 'the process on the HTTPS port: signs people in, decides by policy, opens tunnels',
    load: async () => (await import('./gateway.ts')).defineGateway,
  },
]
