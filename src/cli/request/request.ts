import { Command } from 'commander'
import { withTrustOptions } from '../asking/ask-options.ts'
import { parseFile } from '../asking/file-option.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { NewRequestOptions, RequestOptions } from './request-run.ts'

const description = `Ask for access to a route for a while, where the route offers that. Somebody else approves it; access then begins at once and ends by itself, with the tunnels that need it.

ROUTE is its name, its id, or the host and port that you connect to.`

const examples = `
Examples:
  postern request db.example.com:5432 --for 1h --reason "incident 7: slow queries"

  # open a local port as soon as somebody has approved it
  postern request db.example.com:5432 --for 30m --reason "incident 7" --wait &&
    postern tcp db.example.com:5432 --listen 127.0.0.1:15432

  # in an emergency, without asking: everybody hears of it
  postern request db --for 30m --reason "incident 7" --break-glass

  postern request list
  postern request cancel ar-5d2c0e9f1b7a4c33

Exit codes:
${exitCodeLines(['ok', 'usage', 'signIn', 'denied', 'gateway', 'system'])}

With "--wait" it is 4 as well where it was denied or taken back, or nobody answered.
`

/** Defines `postern request`. */
export function defineRequest(exitWith: ExitWith): Command {
  const request = withOptions(
    new Command('request')
      .description(description)
      .helpCommand(false)
      .argument('<route>', 'such as "db.example.com:5432"')
      .option('--for <duration>', 'how long, such as "30m" or "4h"')
      .option('--reason <text>', 'what for: whoever answers reads it, and it is kept')
      .option('--wait', 'wait until somebody has answered')
      .option('--break-glass', 'let yourself in without asking, where the route lets you'),
  )
  const list = withOptions(new Command('list').description('List your requests, newest first.'))
  const cancel = withOptions(
    new Command('cancel')
      .description('Take back a request that waits, or end the access that it gave.')
      .argument('<id>', 'as "postern request list" shows it'),
  )
  return request
    .addHelpText('after', examples)
    .action(async (route: string, options: NewRequestOptions, command: Command) => {
      // Not by commander: it would ask for them with "list" as well.
      for (const name of ['for', 'reason'] as const)
        if (options[name] === undefined) command.error(`error: "--${name}" is required`)
      const { runRequest } = await import('./request-run.ts')
      exitWith(await runRequest(route, options))
    })
    .addCommand(
      list.action(async (_options: unknown, command: Command) => {
        const { runList } = await import('./request-run.ts')
        exitWith(await runList(command.optsWithGlobals<RequestOptions>()))
      }),
    )
    .addCommand(
      cancel.action(async (id: string, _options: unknown, command: Command) => {
        const { runCancel } = await import('./request-run.ts')
        exitWith(await runCancel(id, command.optsWithGlobals<RequestOptions>()))
      }),
    )
}

function withOptions(command: Command): Command {
  return withTrustOptions(command)
    .option(
      '--gateway <gateway>',
      'its name or address; without it the one that has listed the route, or the default one',
    )
    .option(
      '--browser-cmd <program>',
      'opens the sign-in address instead of the browser: run as "PROGRAM ADDRESS"',
      parseFile,
    )
    .option('--json', 'print JSON on stdout')
}
