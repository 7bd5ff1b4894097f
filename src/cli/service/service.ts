import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withRunOptions } from '../tunnel/run-options.ts'
import type { ServiceOptions } from './service-run.ts'

const examples = `
Examples:
  # look at the unit first
  postern service install --token-file token --url tcp://localhost:5432 --print

  # one service, started at boot from now on
  sudo postern service install --token-file token --url tcp://localhost:5432

  # several services, by the rules of a file that every user may read
  sudo postern service install --token-file token \\
    --config /etc/postern/config.yml

  # a second connector on this machine
  sudo postern service install --service-name postern-db \\
    --token-file db.token --url ssh://localhost

The token is written to /etc/postern/NAME.token, which root alone can read. It is neither in the unit nor in the command line.

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern service`. */
export function defineService(exitWith: ExitWith): Command {
  const service = new Command('service')
    .description('Start a connector at boot, by systemd.')
    .helpCommand(false)
    .addHelpText('after', examples)
  const install = withServiceName(withRunOptions(new Command('install')))
    .summary('start a connector at boot')
    .description('Write a unit of systemd for a connector with these options, and start it.')
    .argument('[token]', 'the token; other users of this machine can see it: rather "--token-file"')
    .option('--print', 'print the unit, and change nothing')
    .option('--dry-run', 'say what would be written, and change nothing')
    .action(async (token: string | undefined, options: ServiceOptions) => {
      const { installService } = await import('./service-run.ts')
      exitWith(await installService(token, options))
    })
  const uninstall = withServiceName(new Command('uninstall'))
    .summary('stop it, and remove what was written')
    .description('Stop the connector, and remove its unit and its token from this machine.')
    .action(async (options: ServiceOptions) => {
      const { uninstallService } = await import('./service-run.ts')
      exitWith(await uninstallService(options))
    })
  return service.addCommand(install).addCommand(uninstall)
}

function withServiceName(command: Command): Command {
  return command.option('--service-name <name>', 'what systemd calls it', 'postern-tunnel')
}
