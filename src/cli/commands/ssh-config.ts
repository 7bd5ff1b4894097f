import { Command } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { SshConfigCommandOptions } from './ssh-config-run.ts'

const examples = `
Examples:
  # a file of its own, which "Include postern" at the top of ~/.ssh/config brings in
  postern ssh-config https://gateway.example.com > ~/.ssh/postern
  ssh build.example.com

  # routes of every port, and the name of your account there
  postern ssh-config --all --user ada

  # machines of another domain that are behind this gateway, and short names: "ssh build"
  postern ssh-config --domain lab.example.net --names

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'gateway', 'system'])}
`

/** Defines `postern ssh-config`. */
export function defineSshConfig(exitWith: ExitWith): Command {
  const command = new Command('ssh-config')
    .description(
      'Print the lines for ~/.ssh/config by which ssh, scp, rsync and git go through the gateway, for every SSH route you may use. The options by which the gateway is reached are written into them. A gateway has a say in its own host, in names below it and beside it (those below its parent domain), and in what --domain adds; nothing else that it lists is written, and never a pattern.',
    )
    .argument('[gateway]', 'its name or address; the default one without it')
    .option('--all', 'routes of every port, not of port 22 alone')
    .option(
      '--names',
      'the names of the routes, too, for "ssh build"; whoever runs the gateway chooses them, and one may be that of a machine of yours',
    )
    .option(
      '--domain <domain>',
      'another domain, or address, whose machines are behind this gateway (repeatable)',
      (domain: string, before?: readonly string[]) => [...(before ?? []), domain],
    )
    .option('--user <name>', 'your account on these machines, as "User"')
  return withAskOptions(command)
    .addHelpText('after', examples)
    .action(async (gateway: string | undefined, options: SshConfigCommandOptions) => {
      const { printSshConfig } = await import('./ssh-config-run.ts')
      exitWith(await printSshConfig(gateway, options))
    })
}
