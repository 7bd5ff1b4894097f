import { Command, Option } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'
import { logFormatOption, withTunnelOptions } from '../asking/tunnel-options.ts'
import { exitCodeMeanings, type ExitWith } from '../process/exit-codes.ts'
import type { TcpOptions } from './tcp-run.ts'

const description = `Reach a TCP service through a gateway: each connection to a local port becomes a tunnel.

DESTINATION is the "from" of a route: "host:port", "tcp+https://host:port", or "https://gateway/host:port" for a gateway of another name. It may be the name of a route instead, as "postern routes list" shows it.

The gateway is the one that --gateway names, that of the destination, the one that POSTERN_GATEWAY names, or the default one of "postern gateways". Where none is remembered it is the destination's own host, on port 443.

A local port is open to every user of this machine, who then use the service as you: where there are others, listen on a socket of your own ("--listen unix:PATH") or add "--same-user".`

const examples = `
Examples:
  # a local port for Redis; the port it listens on is printed
  postern tcp redis.corp.example.com:6379

  # always the same local port
  postern tcp --listen 127.0.0.1:5432 db.corp.example.com:5432

  # a local socket that only you can open: a port is open to every user of this machine
  postern tcp --listen unix:$XDG_RUNTIME_DIR/db.sock db.corp.example.com:5432

  # SSH in one line
  ssh -o ProxyCommand='postern tcp --listen - %h:%p' ssh.corp.example.com

  # a program without a person, with the file of its service account
  postern tcp --service-account-file backup.token db.corp.example.com:5432

  # a route by its name, at the gateway that "postern login" has remembered
  postern tcp orders-db

  # a gateway on another host and port, with a private certificate authority
  postern tcp --gateway https://gw.example.com:8443 \\
    --ca-file ca.pem redis.corp:6379

Environment:
  POSTERN_GATEWAY           the gateway, by its name or address, instead of --gateway
  POSTERN_CA_FILE           its certificate authorities, instead of --ca-file
  POSTERN_SERVICE_ACCOUNT   token of a service account, instead of --service-account
  POSTERN_SERVICE_ACCOUNT_FILE
                            file with its credential, instead of --service-account-file
  TUNNEL_SERVICE_TOKEN_ID, TUNNEL_SERVICE_TOKEN_SECRET
                            its id and secret, instead of --service-token-id and -secret
  XDG_CACHE_HOME            where sign-ins are kept: $XDG_CACHE_HOME/postern/tokens
  HTTPS_PROXY, ALL_PROXY    proxy on the way to the gateway: "http://USER:PASSWORD@HOST:PORT"
  NO_PROXY                  hosts that are reached without it, "localhost,.corp.example.com"
  NO_COLOR                  set to print without colour

Exit codes:
${Object.entries(exitCodeMeanings)
  .map(([code, meaning]) => `${code.padStart(4)}  ${meaning}`)
  .join('\n')}
`

/** Defines `postern tcp`. */
export function defineTcp(exitWith: ExitWith): Command {
  const command = new Command('tcp')
    .description(description)
    .argument('<destination>', 'the route, such as "redis.corp.example.com:6379"')
    .option(
      '--listen <address>',
      '"HOST:PORT", ":PORT" for all addresses, "unix:PATH", or "-" for stdin and stdout',
      '127.0.0.1:0',
    )
    .option(
      '--gateway <gateway>',
      'the gateway by its name or address, instead of the default one or that of the destination (also --pomerium-url, --gateway-url)',
    )
    .option(
      '--same-user',
      'refuse connections of other users of this machine to the port (Linux; a "unix:" socket does by itself)',
    )
    .addOption(new Option('--pomerium-url <url>').hideHelp())
    .addOption(new Option('--gateway-url <url>').hideHelp())
  return withTunnelOptions(withAskOptions(command))
    .addOption(logFormatOption())
    .addHelpText('after', examples)
    .action(async (destination: string, options: TcpOptions) => {
      const { runTcp } = await import('./tcp-run.ts')
      exitWith(await runTcp(destination, options))
    })
}
