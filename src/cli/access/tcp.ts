import { Command, Option } from 'commander'
import { withAskOptions } from '../asking/ask-options.ts'
import { logFormatOption, withTunnelOptions } from '../asking/tunnel-options.ts'
import { exitCodeMeanings, type ExitWith } from '../process/exit-codes.ts'
import type { AccessTcpOptions, Protocol } from './tcp-options.ts'

const description = `Reach an application by its host name: each connection to a local address becomes a tunnel. Without --url standard input and output are one connection, as ssh's ProxyCommand wants it.

The host name is the application's; its gateway is reached there on port 443, or on the port that is written behind it, unless --gateway names another. "ssh", "rdp" and "smb" are the same command under other names; "rdp" without --url chooses a port and prints it.

With a service account (--service-account-file, --service-token-id, or their variables) no browser ever opens. The command line comes before the environment, a token before an id and secret, and in a file of forwarders an entry's own credential before both.`

const examples = `
Examples:
  # a local port for an application
  postern access tcp --hostname tcp.site.com --url localhost:9210

  # SSH in one line
  ssh -o ProxyCommand='postern access ssh --hostname %h' ssh.site.com

  # a desktop: the port to point the client at is printed
  postern access rdp --hostname desk.site.com

  # several applications in one process
  postern access tcp -T db.site.com -L localhost:5432 \\
    -T cache.site.com -L localhost:6379

  # the same from a file, which is followed while it is edited
  postern access tcp --config forwarders.yaml

  # a program without a person
  postern access tcp --service-account-file ci.token \\
    --hostname db.site.com --url localhost:5432

A file for --config:
  forwarders:
    - url: db.site.com                # the application
      listener: localhost:5432        # the local address
    - url: cache.site.com
      listener: localhost:6379
      serviceAccountFile: ci.token    # or serviceTokenID and serviceTokenSecret
    # also: destination (behind a bastion), gateway (if it is not the host)

Environment:
  TUNNEL_SERVICE_HOSTNAME, TUNNEL_SERVICE_URL, TUNNEL_SERVICE_DESTINATION
                            instead of --hostname, --url and --destination
  TUNNEL_SERVICE_TOKEN_ID, TUNNEL_SERVICE_TOKEN_SECRET
                            instead of --service-token-id and -secret
  POSTERN_SERVICE_ACCOUNT, POSTERN_SERVICE_ACCOUNT_FILE
                            instead of --service-account and -file
  HTTPS_PROXY, ALL_PROXY, NO_PROXY, XDG_CACHE_HOME, NO_COLOR
                            as "postern tcp --help" says

Exit codes:
${Object.entries(exitCodeMeanings)
  .map(([code, meaning]) => `${code.padStart(4)}  ${meaning}`)
  .join('\n')}
`

/** Adds `tcp` and its other names to `postern access`. */
export function defineAccessTcp(access: Command, exitWith: ExitWith): Command {
  access.addCommand(
    define('tcp', exitWith).summary('reach an application, also as "ssh", "rdp" and "smb"'),
  )
  for (const protocol of ['ssh', 'rdp', 'smb'] as const) {
    access.addCommand(define(protocol, exitWith), { hidden: true })
  }
  return access
}

function define(protocol: Protocol, exitWith: ExitWith): Command {
  const command = new Command(protocol)
    .description(description)
    .argument('[url]', 'the local address, as --url')
    .addOption(
      repeated('-T, --hostname <host>', 'the application; repeatable, each with its --url'),
    )
    .addOption(repeated('-L, --url <address>', 'the local address: "HOST:PORT", or "unix:PATH"'))
    .option('--destination <address>', 'what to reach behind a bastion: "HOST:PORT"')
    .addOption(repeated('-H, --header <field>', '"NAME: VALUE", sent with each request'))
    .option('--config <file>', 'serve the "forwarders" of a YAML file')
    .option(
      '--gateway <gateway>',
      "the gateway by its name or address, when it is not at the application's own host",
    )
    .option('--same-user', 'refuse connections of other users of this machine (Linux)')
  return withTunnelOptions(withAskOptions(command))
    .addOption(also('--tunnel-host <host>', 'hostname', collect))
    .addOption(also('--listener <address>', 'url', collect))
    .addOption(also('--listen <address>', 'url', collect))
    .addOption(also('--device', 'deviceLogin'))
    .addOption(also('--id <id>', 'serviceTokenId'))
    .addOption(also('--secret <secret>', 'serviceTokenSecret'))
    .addOption(
      new Option('--log-level <level>', 'what is said; "warn" without --url, else "info"').choices(
        logLevels,
      ),
    )
    .addOption(also('--loglevel <level>', 'logLevel').choices(logLevels))
    .addOption(logFormatOption())
    .option('--logfile <file>', 'write what is said into this file as well, as JSON lines')
    .addOption(
      new Option('--log-directory <directory>', 'the same, as "postern.log" there').conflicts(
        'logfile',
      ),
    )
    .addHelpText('after', examples)
    .action(async (url: string | undefined, options: AccessTcpOptions) => {
      const { runAccessTcp } = await import('./tcp-run.ts')
      exitWith(await runAccessTcp(protocol, url, options))
    })
}

const logLevels = ['debug', 'info', 'warn', 'error', 'fatal']

function repeated(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect)
}

function collect(value: string, before?: readonly string[]): readonly string[] {
  return [...(before ?? []), value]
}

/** Another name of an option. */
function also(
  flags: string,
  attribute: string,
  parse?: (value: string, before?: readonly string[]) => readonly string[],
): Option {
  const option = new Option(flags).hideHelp()
  option.attributeName = () => attribute
  return parse === undefined ? option : option.argParser(parse)
}
