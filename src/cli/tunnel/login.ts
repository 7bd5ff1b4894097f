import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withTrustOptions } from '../asking/ask-options.ts'
import type { TunnelLoginOptions } from './login-run.ts'

const description = `Sign in to publish: choose a site in the browser, on this machine or any other, and keep a credential for it in ~/.postern/cert.pem. It lets its holder make and delete tunnels and host names of that site for 90 days, and opens no service.

Without --gateway it is the default one of "postern gateways".`

const examples = `
Examples:
  postern tunnel login --gateway https://gw.site.com

  # on a machine without a browser: open the address that it prints elsewhere
  postern tunnel login --gateway https://gw.site.com --no-browser

  # for another site, or after the credential has expired
  postern tunnel login --gateway https://gw.site.com --overwrite

Environment:
  TUNNEL_ORIGIN_CERT   the file of the credential, as --origincert

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern tunnel login`. */
export function defineTunnelLogin(exitWith: ExitWith): Command {
  const command = new Command('login')
    .summary('sign in to publish below a site')
    .description(description)
    .option('--gateway <gateway>', 'its name, or its address such as "https://gw.site.com"')
    .option('--origincert <file>', 'keep the credential there instead of ~/.postern/cert.pem')
    .option('--overwrite', 'replace the credential that is there')
    .option('--no-browser', 'open no browser, and show the address alone')
    .option(
      '--browser-cmd <program>',
      'opens the address instead of the browser: run as "PROGRAM ADDRESS"',
    )
    .option('--json', 'print site, gateway and end of the credential as JSON on stdout')
  return withTrustOptions(command)
    .addHelpText('after', examples)
    .action(async (options: TunnelLoginOptions) => {
      const { runTunnelLogin } = await import('./login-run.ts')
      exitWith(await runTunnelLogin(options))
    })
}
