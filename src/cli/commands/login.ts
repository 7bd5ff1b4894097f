import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { LoginOptions } from './login-run.ts'
import { withTrustOptions } from '../asking/ask-options.ts'

const description = `Sign in to a gateway and keep the sign-in, so that "postern tcp" and the other commands need no browser until it ends. Whoever is signed in already stays so; with --renew they sign in again, and the session they have lasts as long once more, with every tunnel that is open.

GATEWAY is an address such as "https://gateway.example.com", its host name alone, or the name of a gateway that is remembered; without it the gateway is the default one. The gateway is remembered, with the certificate authority of --ca-file, so that later commands need not name it: the first one is the default, "postern gateways" shows and changes that.`

const examples = `
Examples:
  # with the browser of this machine
  postern login gateway.example.com

  # on a machine without a browser: a code to approve in any browser elsewhere
  postern login --device gateway.example.com

  # before the session ends, to go on with the tunnels that are open
  postern login --renew gateway.example.com

  # a gateway with a private certificate authority, which is remembered
  postern login gateway.corp --ca-file ca.pem --name work
  postern tcp db.corp:5432

  # who is signed in until when, for a script
  postern login --json gateway.example.com

Environment:
  POSTERN_GATEWAY  the gateway, by its name or address, where none is named
  POSTERN_CA_FILE  its certificate authorities, instead of --ca-file
  XDG_CONFIG_HOME  where gateways are remembered: $XDG_CONFIG_HOME/postern/gateways.json
  XDG_CACHE_HOME   where sign-ins are kept: $XDG_CACHE_HOME/postern/tokens

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern login`. */
export function defineLogin(exitWith: ExitWith): Command {
  const command = new Command('login')
    .description(description)
    .argument('[gateway]', 'such as "https://gateway.example.com", or the name of one')
    .option('--device', 'sign in by a code that is approved in a browser on another machine')
    .option('--renew', 'sign in again, so that the session and its tunnels go on')
  return withTrustOptions(command)
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
    )
    .option('--name <name>', 'remember the gateway by this name, such as "work"')
    .option('--json', 'print who is signed in as JSON on stdout')
    .addHelpText('after', examples)
    .action(async (gateway: string | undefined, options: LoginOptions) => {
      const { runLogin } = await import('./login-run.ts')
      exitWith(await runLogin(gateway, options))
    })
}
