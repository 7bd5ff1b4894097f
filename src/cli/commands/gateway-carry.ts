import { Command } from 'commander'
import type { ExitWith } from '../process/exit-codes.ts'
import { inherited, withState, type BackupOptions, type RestoreOptions } from './gateway-options.ts'

const restoreMeanings = `
What that means:
  The gateway must not run; what was there is moved aside, into "before-restore-…" of the state directory, and stays
  until you remove it.
  Sessions end, since nobody knows which of them were ended after the backup was made; service accounts, blocks, stored
  routes and local changes are as they were then: look through them.
`

/** Defines `postern gateway backup` and `restore`. */
export function defineBackup(exitWith: ExitWith): Command {
  return withState(new Command('backup'))
    .description(
      'Copy the state of a gateway, which may run: database, keys, audit log. The copy is checked before it has its name.',
    )
    .argument(
      '[directory]',
      'a directory that is not there yet (default: postern-backup-TIME here)',
    )
    .option('--json', 'print the result as JSON on stdout')
    .action(async (to: string | undefined, options: BackupOptions, command: Command) => {
      const { backupCommand } = await import('./gateway-backup.ts')
      exitWith(await backupCommand(to, inherited(options, command)))
    })
}

export function defineRestore(exitWith: ExitWith): Command {
  return withState(new Command('restore'))
    .description('Put a backup in the place of the state of a gateway that does not run.')
    .argument('<directory>', 'what "postern gateway backup" made')
    .option('--check', 'only look whether it is whole, and fit for this release')
    .option('--keep-sessions', 'leave people signed in, also those whose session was ended since')
    .option('--json', 'print the result as JSON on stdout')
    .addHelpText('after', restoreMeanings)
    .action(async (from: string, options: RestoreOptions, command: Command) => {
      const { restoreCommand } = await import('./gateway-backup.ts')
      exitWith(await restoreCommand(from, inherited(options, command)))
    })
}
