import { Command, InvalidArgumentError, Option } from 'commander'
import { withState, type SessionsOptions, type StateOptions } from '../commands/gateway-options.ts'
import { moment } from '../commands/moment.ts'
import { auditKinds } from '../../telemetry/audit/keeper.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { SearchOptions } from './search-run.ts'
import type { VerifyCommandOptions } from './verify-run.ts'

const description = `The proof of who signed in, what was decided and what was changed: search it, keep its checkpoints elsewhere, and see that nobody has touched it.`

const examples = `
Examples:
  # is every record what was written, and is none missing
  postern audit verify -c postern.yaml

  # the same on another machine, with a copy of the files, and with what was kept there
  postern audit verify ./audit --key gateway.vkey --checkpoint kept.txt

  # keep these elsewhere: the public key once, the checkpoint every day
  postern audit key -c postern.yaml > gateway.vkey
  postern audit checkpoint -c postern.yaml > kept.txt

  # who was refused on a route in the last day
  postern audit search -c postern.yaml --route db --outcome refused --since 24h

  # everything in one file, with what proves it
  postern audit export -c postern.yaml > audit.jsonl

Exit codes:
${exitCodeLines(['ok', 'usage', 'system', 'tampered'])}
`

/** Defines `postern audit` and its subcommands. */
export function defineAudit(exitWith: ExitWith): Command {
  return new Command('audit')
    .description(description)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(defineVerify(exitWith))
    .addCommand(defineCheckpoint(exitWith))
    .addCommand(defineKey(exitWith))
    .addCommand(defineSearch(exitWith))
    .addCommand(defineExport(exitWith))
}

function defineVerify(exitWith: ExitWith): Command {
  return withState(new Command('verify'))
    .description(
      'Check the records against their chain and against what was signed. Reads files alone: no gateway need run, and a copy will do. Without paths those of the state directory.',
    )
    .argument('[paths...]', 'directories of records, files of them, or files of "audit export"')
    .option(
      '--checkpoint <file>',
      'a checkpoint that was kept elsewhere; may be given often',
      collect,
    )
    .option(
      '--key <key-or-file>',
      'the public key, or a file with such keys, that was kept elsewhere; may be given often (default: those beside the records)',
      collect,
    )
    .option('--json', 'print the result as JSON on stdout')
    .action(async (paths: string[], options: VerifyCommandOptions) => {
      const { verifyCommand } = await import('./verify-run.ts')
      exitWith(await verifyCommand(paths, options))
    })
}

function defineCheckpoint(exitWith: ExitWith): Command {
  return withState(new Command('checkpoint'))
    .description(
      'Print how far the log has come, signed, to be kept elsewhere: a log that is cut before it is found out. A gateway that runs signs it now; otherwise it is the last one.',
    )
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions) => {
      const { printCheckpoint } = await import('./checkpoint-run.ts')
      exitWith(await printCheckpoint(options))
    })
}

function defineKey(exitWith: ExitWith): Command {
  return withState(new Command('key'))
    .description(
      'Print the public keys that sign checkpoints, one a line, that of the current key first, to be kept elsewhere.',
    )
    .option('--json', 'print JSON on stdout')
    .action(async (options: SessionsOptions) => {
      const { printKeys } = await import('./checkpoint-run.ts')
      exitWith(await printKeys(options))
    })
}

/** @limit records that `postern audit search` prints: 100, or what `--limit` says, up to 100,000 */
const maxLimit = 100_000
const defaultLimit = 100

function defineSearch(exitWith: ExitWith): Command {
  return withState(new Command('search'))
    .description('Search the log of a running gateway; newest first.')
    .argument('[text]', 'a part of an event, a person, an address, a route or a request id')
    .option('--since <time>', 'from when on: 168h, or 2026-08-20T10:00:00Z', moment)
    .option('--until <time>', 'up to when', moment)
    .addOption(new Option('--kind <kind>', 'only these').choices(auditKinds))
    .addOption(
      new Option('--outcome <outcome>', 'only these').choices([
        'allowed',
        'refused',
        'failed',
        'cut',
      ]),
    )
    .option('--who <person>', 'an email address, a user id or a service account, whole')
    .option('--route <route>', 'the id or the name of a route, whole')
    .option('--ip <address>', 'where it came from')
    .option('--request-id <id>', 'as a refusal shows it')
    .option('--limit <records>', 'how many at most', limit, defaultLimit)
    .option('--json', 'print the records as JSON on stdout, one a line')
    .action(async (text: string | undefined, options: SearchOptions) => {
      const { searchAudit } = await import('./search-run.ts')
      exitWith(await searchAudit(text, options))
    })
}

function defineExport(exitWith: ExitWith): Command {
  return withState(new Command('export'))
    .description(
      'Print everything that is kept as JSON lines, with the keys and checkpoints that prove it: "audit verify" takes it. The gateway need not run.',
    )
    .action(async (options: StateOptions) => {
      const { exportAudit } = await import('./export-run.ts')
      exitWith(await exportAudit(options))
    })
}

function limit(text: string): number {
  const records = Number(text)
  if (Number.isInteger(records) && records >= 1 && records <= maxLimit) return records
  throw new InvalidArgumentError(`must be a whole number from 1 to ${maxLimit}`)
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
