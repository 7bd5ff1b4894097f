import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { InstallOptions } from './install-run.ts'

const examples = `
Examples:
  # put Postern into the menu, and start it with the session
  postern desktop install

  # only into the menu
  postern desktop install --no-autostart

  # see what would be written
  postern desktop install --print

It writes below your home alone, also where XDG_CONFIG_HOME and XDG_DATA_HOME say, and replaces no file that it has not written. Run it again after Node.js or postern has moved.

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Adds `install` and `uninstall` to `postern desktop`. */
export function defineInstall(desktop: Command, exitWith: ExitWith): Command {
  const install = new Command('install')
    .summary('put it into the menu, and start it with the session')
    .description(
      'Put Postern into the menu of applications, and start its daemon with the session.',
    )
    .option('--no-autostart', 'only the menu: the daemon starts when it is needed')
    .option('--print', 'print what would be written, and change nothing')
    .option('--dry-run', 'say what would be written, and change nothing')
    .addHelpText('after', examples)
    .action(async (options: InstallOptions) => {
      const { installDesktop } = await import('./install-run.ts')
      exitWith(await installDesktop(options))
    })
  const uninstall = new Command('uninstall')
    .summary('remove what "install" has written')
    .description(
      'Stop the daemon, and remove what "postern desktop install" has written. Connections and shortcuts stay.',
    )
    .option('--dry-run', 'say what would be removed, and change nothing')
    .action(async (options: InstallOptions) => {
      const { uninstallDesktop } = await import('./install-run.ts')
      exitWith(await uninstallDesktop(options))
    })
  return desktop.addCommand(install).addCommand(uninstall)
}
