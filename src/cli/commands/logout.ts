import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { LogoutOptions } from './logout-run.ts'
import { withTrustOptions } from '../asking/ask-options.ts'

const description = `Sign out of a gateway: the session ends there, with the tunnels that need it, and the sign-in kept on this machine is removed. A sign-in made with a browser ends in that browser too.

GATEWAY is an address such as "https://gateway.example.com", its host name alone, or the name of a gateway that is remembered; without it the gateway is the default one. It stays remembered: "postern gateways remove" forgets it.`

const examples = `
Examples:
  postern logout gateway.example.com

  # of every gateway that is remembered
  postern logout --all

Exit codes:
${exitCodeLines(['ok', 'usage', 'gateway', 'system'])}
  After 7 the sign-in is removed from this machine, and the gateway does not know
`

/** Defines `postern logout`. */
export function defineLogout(exitWith: ExitWith): Command {
  const command = new Command('logout')
    .description(description)
    .argument('[gateway]', 'such as "https://gateway.example.com", or the name of one')
  return withTrustOptions(command)
    .option('--all', 'sign out of every gateway that is remembered')
    .option('--json', 'print what happened as JSON on stdout')
    .addHelpText('after', examples)
    .action(async (gateway: string | undefined, options: LogoutOptions) => {
      const { runLogout } = await import('./logout-run.ts')
      exitWith(await runLogout(gateway, options))
    })
}
