import { Command, Option } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { ConnectOptions } from './connect-run.ts'
import { withRouteOptions } from './route-options.ts'

const description = `Open the program for a route, with a tunnel around it: ssh, psql, mysql, redis-cli, mongosh, sqlcmd, or what shows a Remote Desktop. The program has the terminal, and its exit code is that of this command. Whoever has to sign in does so first, and a route that is refused says why before any program starts.

ROUTE is the name of a route, as "postern routes list" shows it, or "host:port". Which program it is follows from the port, or from what the host is called; --tool names another. What stands behind "--" is for the program.

All but ssh and sftp are led to a local address that is there until the program ends. Programs of other users of this machine get nothing there (Linux).`

const examples = `
Examples:
  # a shell
  postern connect build.corp.example.com:22 --user ada

  # by the name of the route, at the gateway that "postern login" has remembered
  postern connect orders-db

  # psql, as whom and where
  postern connect db.corp.example.com:5432 --user ada --database shop

  # one statement
  postern connect db.corp.example.com:5432 -- -c 'select 1'

  # MySQL on another port than its own
  postern connect shop.corp.example.com:13306 --tool mysql

  # what would be run
  postern connect db.corp.example.com:5432 --print

Exit codes: those of the program, and where it is not started
${exitCodeLines(['usage', 'signIn', 'denied', 'noRoute', 'upstream', 'gateway', 'system'])}
`

/** Defines `postern connect`. */
export function defineConnect(exitWith: ExitWith): Command {
  const command = new Command('connect')
    .description(description)
    .argument('<route>', 'such as "orders-db", or "db.corp.example.com:5432"')
    .argument('[args...]', 'behind "--": what the program is told')
    .addOption(new Option('--tool <name>', 'the program, such as "psql", "mariadb" or "rdp"'))
    .option('--user <name>', 'your account at the service')
    .option('--database <name>', 'the database there')
    .option('--print', 'print the commands, and run nothing')
  return withRouteOptions(command)
    .addHelpText('after', examples)
    .action(async (route: string, args: readonly string[], options: ConnectOptions) => {
      const { runConnect } = await import('./connect-run.ts')
      exitWith(await runConnect(route, args, options))
    })
}
