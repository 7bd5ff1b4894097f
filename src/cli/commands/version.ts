import { Command } from 'commander'
import { exitCodes, type ExitWith } from '../process/exit-codes.ts'

/** Defines `postern version`. */
export function defineVersion(exitWith: ExitWith): Command {
  return new Command('version')
    .description('Print the version, and what it runs on: the runtime and its TLS library.')
    .option('--json', 'print JSON on stdout')
    .action(async ({ json }: { readonly json?: true }) => {
      const { printVersion } = await import('./version-run.ts')
      printVersion(json === true)
      exitWith(exitCodes.ok)
    })
}
