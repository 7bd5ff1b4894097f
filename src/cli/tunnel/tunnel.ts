import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { defineCreate } from './create.ts'
import { defineDelete } from './delete.ts'
import { defineDoctor } from './doctor.ts'
import { defineImport } from './import.ts'
import { defineInfo } from './info.ts'
import { defineIngress } from './ingress.ts'
import { defineList } from './list.ts'
import { defineTunnelLogin } from './login.ts'
import { defineRoute } from './route.ts'
import { defineRun } from './run.ts'
import { withRunOptions, type RunOptions } from './run-options.ts'
import { defineToken } from './token.ts'

const description = `Publish services that this machine reaches, by tunnels that it dials out to a gateway. The options are those of cloudflared's "tunnel".

A named tunnel has host names below a site of the gateway, and connectors that carry what is asked for there. It gives nobody access: a policy on the gateway says who may reach what.`

const examples = `
Examples:
  # once: who may publish to which site; the browser may be on another machine
  postern tunnel login --gateway https://gw.site.com

  # one service in one line: makes the tunnel and its name where they are not there
  postern tunnel --hostname tcp.site.com --url tcp://localhost:7870

  # the same in steps: a tunnel, and a name that leads to it
  postern tunnel create web
  postern tunnel route dns web tcp.site.com

  # its connector, beside the service
  postern tunnel run web --url tcp://localhost:7870

Environment:
  TUNNEL_ORIGIN_CERT   the credential of "postern tunnel login", as --origincert
  TUNNEL_TOKEN, TUNNEL_URL, TUNNEL_HOSTNAME, … as "postern tunnel run --help" says

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage', 'signIn', 'denied', 'gateway', 'system'])}
`

/** Its subcommands, one file each. */
const subcommands: readonly ((exitWith: ExitWith) => Command)[] = [
  defineTunnelLogin,
  defineCreate,
  defineList,
  defineInfo,
  defineDelete,
  defineToken,
  defineRoute,
  defineImport,
  defineRun,
  defineIngress,
  defineDoctor,
]

/** Defines `postern tunnel` and its subcommands. */
export function defineTunnel(exitWith: ExitWith): Command {
  const tunnel = withRunOptions(new Command('tunnel'))
    .description(description)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', examples)
    .action(async (options: RunOptions, command: Command) => {
      if (options.url === undefined && options.hostname === undefined) command.help()
      const { runQuickTunnel } = await import('./run-run.ts')
      exitWith(await runQuickTunnel(options))
    })
  for (const define of subcommands) tunnel.addCommand(define(exitWith))
  return tunnel.hook('preSubcommand', handDown)
}

/** cloudflared takes the options of a subcommand before its name, too. */
function handDown(tunnel: Command, subcommand: Command): void {
  for (const [name, value] of Object.entries(tunnel.opts())) {
    const isKnown = subcommand.options.some((option) => option.attributeName() === name)
    if (isKnown) subcommand.setOptionValueWithSource(name, value, 'cli')
    else if (tunnel.getOptionValueSource(name) === 'cli' && subcommand.name() !== 'ingress') {
      const flags = tunnel.options.find((option) => option.attributeName() === name)?.long ?? name
      tunnel.error(`error: "${flags}" is no option of "tunnel ${subcommand.name()}"`)
    }
  }
}
