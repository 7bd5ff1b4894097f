import { Command, Option } from 'commander'
import { parseFile } from '../asking/file-option.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { UpOptions } from './up-run.ts'

const description = `Bring saved connections up: each listens on its local address until "postern down".

Without names all of them come up. They are kept by a daemon in the background, which is started when none runs and serves the window as well ("postern desktop"); you sign in once for each gateway.`

const examples = `
Examples:
  # everything that is saved, and where it listens
  postern up

  # two of them by name, and those with a tag
  postern up orders-db cache
  postern up --tag staging

  # the connections of a file that a team keeps in git
  postern up -f team.yaml

  # every route by its name, for programs that can use a proxy: prints its address, with the password
  postern up --proxy 127.0.0.1:3128
  curl --proxy "$(postern up --proxy 127.0.0.1:3128)" https://wiki.corp.example.com/

  # a daemon in the foreground, as a service starts it: what is marked "start at launch"
  postern up --foreground

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern up`. */
export function defineUp(exitWith: ExitWith): Command {
  return new Command('up')
    .description(description)
    .argument('[names...]', 'names of saved connections; all of them when none is given')
    .option('-f, --file <file>', 'bring up the connections of a YAML file', parseFile)
    .option('--tag <tag>', 'only those with this tag')
    .option(
      '--proxy <address>',
      'open a local HTTP and SOCKS 5 proxy to every route, at "127.0.0.1:PORT" or "unix:PATH"; without names, only that',
    )
    .option(
      '--proxy-gateway <gateway>',
      'the gateway that the proxy leads to, by its name or address; by default that of the saved connections',
    )
    .option('--foreground', 'run the daemon here, until Ctrl-C')
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser, if this starts the daemon: run as "PROGRAM ADDRESS"',
      parseFile,
    )
    .option('--json', 'print what came up as JSON')
    .addOption(
      new Option('--log-format <format>', 'what stderr is for, with --foreground')
        .choices(['human', 'json'])
        .default('human'),
    )
    .addOption(new Option('--daemon').hideHelp())
    .addHelpText('after', examples)
    .action(async (names: readonly string[], options: UpOptions) => {
      const { runUp } = await import('./up-run.ts')
      exitWith(await runUp(names, options))
    })
}
