import { Command, Option } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { AccessLoginOptions } from './login-run.ts'
import { withApplication, withSignIn, type SignInFlags } from './sign-in-options.ts'

const loginExamples = `
Examples:
  # sign in and print the token
  postern access login https://tcp.site.com

  # sign in for the commands that follow, and print nothing
  postern access login --quiet tcp.site.com

  # sign in stock cloudflared: then "cloudflared access tcp --hostname tcp.site.com" needs no browser
  postern access login --for-cloudflared tcp.site.com

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

const tokenExamples = `
Examples:
  # for a program that sends it itself
  TOKEN=$(postern access token tcp.site.com)

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'system'])}
`

/** Defines `postern access login`. */
export function defineAccessLogin(exitWith: ExitWith): Command {
  const command = new Command('login')
    .summary('sign in to an application, and print the token')
    .description(
      "Sign in to the gateway of an application, unless somebody is signed in already, keep the sign-in for the other commands, and print its token. Whoever has the token is you until the sign-in ends: it is nothing for a script's output.",
    )
    .argument('[application]', 'its host name or URL')
  return withSignIn(command)
    .option('-q, --quiet', 'do not print the token')
    .option('--no-verbose', 'print the token and nothing else')
    .option(
      '--for-cloudflared',
      'sign in cloudflared instead: its files in "~/.cloudflared" get a token of this application',
    )
    .addOption(new Option('--auto-close').hideHelp())
    .addHelpText('after', loginExamples)
    .action(async (application: string | undefined, options: AccessLoginOptions) => {
      const { runAccessLogin } = await import('./login-run.ts')
      exitWith(await runAccessLogin(application, options))
    })
}

/** Defines `postern access token`. */
export function defineAccessToken(exitWith: ExitWith): Command {
  const command = new Command('token')
    .summary('print the token of an earlier sign-in')
    .description(
      'Print the token that an earlier sign-in has left on this machine, without asking the gateway. Without one it is an error, and no browser opens.',
    )
    .argument('[application]', 'its host name or URL')
  return withApplication(command)
    .addHelpText('after', tokenExamples)
    .action(async (application: string | undefined, options: SignInFlags) => {
      const { runAccessToken } = await import('./login-run.ts')
      exitWith(await runAccessToken(application, options))
    })
}
