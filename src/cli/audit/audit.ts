import { Command } from 'commander'
import { withState, type SessionsOptions } from '../commands/gateway-options.ts'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
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

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
