import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { LoginOptions } from './login-run.ts'
import { withTrustOptions } from '../asking/ask-options.ts'

const description = `Sign in to a gateway and keep the sign-in, so that "postern tcp" and the other commands need no browser until it ends. Whoever is signed in already stays so; with --renew they sign in again, and the session they have lasts as long once more, with every tunnel that is open.

GATEWAY is an address such as "https://gateway.example.com" or its host name alone; without it the gateway is the one that was asked last. A sign-in is kept for the name by which the gateway is reached: for "postern tcp db.example.com:5432" that is "db.example.com", unless --gateway names another.`

const examples = `
Examples:
  # with the browser of this machine
  postern login gateway.example.com

  # on a machine without a browser: a code to approve in any browser elsewhere
  postern login --device gateway.example.com

  # before the session ends, to go on with the tunnels that are open
  postern login --renew gateway.example.com

  # who is signed in until when, for a script
  postern login --json gateway.example.com

Environment:
  XDG_CACHE_HOME   where sign-ins are kept: $XDG_CACHE_HOME/postern/tokens

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern login`. */
export function defineLogin(exitWith: ExitWith): Command {
  const command = new Command('login')
    .description(description)
    .argument('[gateway]', 'such as "https://gateway.example.com"')
    .option('--device', 'sign in by a code that is approved in a browser on another machine')
    .option('--renew', 'sign in again, so that the session and its tunnels go on')
  return withTrustOptions(command)
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
    )
    .option('--json', 'print who is signed in as JSON on stdout')
    .addHelpText('after', examples)
    .action(async (gateway: string | undefined, options: LoginOptions) => {
      const { runLogin } = await import('./login-run.ts')
      exitWith(await runLogin(gateway, options))
    })
}
