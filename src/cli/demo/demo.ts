import { Command, InvalidArgumentError } from 'commander'
import type { HostPort } from '../../address.ts'
import { messageOf } from '../../errors.ts'
import { defaultPort, maxServices, parsePort, parseService } from '../../quickstart/options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { DemoOptions } from './demo-run.ts'
import type { SignInOptions } from './sign-in-run.ts'

const description = `See Postern on this machine, with nothing to set up: a gateway on https://localhost:${defaultPort}, a sign-in service with a few people, and an echo, an SSH server, a PostgreSQL and a service behind a connector to reach through it.

It signs somebody in, moves 64 MiB each way, shows that somebody else is refused, and prints the commands to try it yourself. Everything listens on loopback only; Ctrl-C stops and removes all of it.`

const examples = `
Examples:
  postern demo

  # a service of yours behind the gateway, too
  postern demo --to tcp://127.0.0.1:5432

  # only the proof, for a script
  postern demo --once

The PostgreSQL is one of this machine ("initdb" and "postgres", not as root), or in a checkout the one that came with it; without either there is none.

Exit codes:
${exitCodeLines(['ok', 'internal', 'usage'])}
`

/** Defines `postern demo`. */
export function defineDemo(exitWith: ExitWith): Command {
  return new Command('demo')
    .description(description)
    .option(
      '--to <url>',
      'put your own service behind the gateway too, such as "tcp://127.0.0.1:5432"; may be given several times',
      parseTo,
    )
    .option(
      '--port <port>',
      `port of the gateway, 0 for any free one; by default ${defaultPort}, or a free one when that is taken`,
      orInvalid(parsePort),
    )
    .option('--no-proof', 'start without the sign-in and the measurement')
    .option('--once', 'end after the proof, for scripts: exit code 0 when it holds')
    .option('--all', 'print every command, not only the first ones')
    .addHelpText('after', examples)
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./demo-run.ts')
      exitWith(await runDemo(options))
    })
    .addCommand(defineSignIn(exitWith), { hidden: true })
}

/** A browser without a screen, for `--browser-cmd`: signs one of the people of a demo in. */
function defineSignIn(exitWith: ExitWith): Command {
  return new Command('sign-in')
    .description('Sign in as somebody of a demo, without a browser: for --browser-cmd.')
    .argument('<address>', 'where the browser was to go')
    .requiredOption('--person <email>', 'who signs in')
    .option('--ca-file <file>', "the demo's certificate authority")
    .action(async (address: string, options: SignInOptions) => {
      const { runSignIn } = await import('./sign-in-run.ts')
      exitWith(await runSignIn(address, options))
    })
}

function parseTo(text: string, before: readonly HostPort[] = []): readonly HostPort[] {
  if (before.length === maxServices)
    throw new InvalidArgumentError(`there are more than ${maxServices}`)
  return [...before, orInvalid(parseService)(text)]
}

/** What is wrong with a value, as Commander's own checks say it. */
function orInvalid<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error))
    }
  }
}
