import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import { defineInstall } from './install.ts'
import { defineShortcut } from './shortcut.ts'
import type { WindowOptions } from './window-run.ts'

const description = `Open the window of the connections that you keep, without a terminal from then on. What serves it is started in the background where it does not run yet.

A browser is let in by the address that is opened: it is good once, and for a minute. From then on it is known by a key that it keeps, so that a bookmark or an installed icon of the window works; the window lists such browsers.`

const examples = `
Examples:
  # in the default browser
  postern desktop

  # in a window of its own, by Chrome, Edge or Chromium
  postern desktop --app

  # only print the address that lets a browser in
  postern desktop --print-url

  # another program has the port, or had it: move, and let browsers in again
  postern desktop --new-address

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Defines `postern desktop`. */
export function defineDesktop(exitWith: ExitWith): Command {
  const desktop = new Command('desktop')
    .description(description)
    .option('--app', 'open a window without tabs, by Chrome, Edge or Chromium')
    .option('--print-url', 'print the address and open nothing')
    .option('--browser-cmd <program>', 'open the address with this program: "PROGRAM ADDRESS"')
    .option('--new-address', 'give the window another port; every browser is let in again')
    .option('--json', 'print where the window is as JSON')
    .addHelpText('after', examples)
    .helpCommand(false)
    .action(async (options: WindowOptions) => {
      const { runWindow } = await import('./window-run.ts')
      exitWith(await runWindow(options))
    })
  return defineShortcut(defineInstall(desktop, exitWith), exitWith)
}
