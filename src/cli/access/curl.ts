import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { AccessCurlOptions } from './curl-run.ts'
import { withSignIn } from './sign-in-options.ts'

const examples = `
Examples:
  # who am I, as the gateway sees it
  postern access curl https://tcp.site.com/.pomerium/user

  # options of curl stand behind the address, those of postern before it
  postern access curl --ca-file ca.pem \\
    https://tcp.site.com/.pomerium/user -sS -o me.json

Exit codes: those of curl, and where it is not started
${exitCodeLines(['usage', 'signIn', 'gateway', 'system'])}
`

/** Defines `postern access curl`. */
export function defineAccessCurl(exitWith: ExitWith): Command {
  const command = new Command('curl')
    .summary('run curl as somebody who is signed in')
    .description(
      "Run this machine's curl for an address of an application, with the token of whoever is signed in; the browser opens when nobody is. The token is handed over where no other user of the machine sees it, and is not sent on to another host.",
    )
    .argument('<url>', 'the address')
    .argument('[options...]', 'what else curl is told')
    .passThroughOptions()
  return withSignIn(command)
    .option('--allow-request', 'ask without a token, too, where nobody is signed in')
    .addHelpText('after', examples)
    .action(async (url: string, rest: readonly string[], options: AccessCurlOptions) => {
      const { runAccessCurl } = await import('./curl-run.ts')
      exitWith(await runAccessCurl(url, rest, options))
    })
}
