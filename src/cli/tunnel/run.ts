import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { withRunOptions, type RunOptions } from './run-options.ts'

const examples = `
Examples:
  # one service, with a token in a file that only you can read
  postern tunnel run --token-file token --url tcp://localhost:5432

  # several services, by the rules of a file; a changed file is noticed by itself
  postern tunnel run --config config.yml

  # an orchestrator asks whether it is connected
  postern tunnel run --token-file token --url ssh://localhost \\
    --metrics 127.0.0.1:20241

Signals:
  SIGHUP            read the configuration again, without cutting streams
  SIGTERM, SIGINT   take no new streams, let open ones finish for the grace period; twice: at once

Environment:
  TUNNEL_TOKEN, TUNNEL_TOKEN_FILE, TUNNEL_CRED_FILE, TUNNEL_CRED_CONTENTS
                            the credential, instead of the options
  TUNNEL_URL, TUNNEL_HOSTNAME, TUNNEL_NAME, TUNNEL_METRICS, TUNNEL_GRACE_PERIOD,
  TUNNEL_LOGLEVEL, TUNNEL_CACERT
                            the options of these names
  HTTPS_PROXY, ALL_PROXY, NO_PROXY
                            proxy on the way to the gateway

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage', 'denied', 'system'])}
`

/** Defines `postern tunnel run`. */
export function defineRun(exitWith: ExitWith): Command {
  return withRunOptions(new Command('run'))
    .summary('run a connector: connect, and serve what the gateway asks for')
    .description('Run a connector: it connects to the gateway and serves what that asks for.')
    .argument('[name]', 'the named tunnel, by its name or UUID')
    .addHelpText('after', examples)
    .action(async (name: string | undefined, options: RunOptions) => {
      const { runTunnel } = await import('./run-run.ts')
      exitWith(await runTunnel(name, options))
    })
}
