import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { ShortcutOptions } from './shortcut-run.ts'

const examples = `
Examples:
  # a saved connection, by its name
  postern desktop shortcut orders-db

  # what "postern access tcp" does, without a saved connection
  postern desktop shortcut "Orders database" --hostname tcp.site.com \\
    --url localhost:9210

A shortcut to a saved connection starts what is needed, and opens the window where you have to sign in. One with --hostname runs until you log out.

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
`

/** Adds `shortcut`, and what shortcuts start, to `postern desktop`. */
export function defineShortcut(desktop: Command, exitWith: ExitWith): Command {
  const shortcut = new Command('shortcut')
    .summary('save a shortcut to a connection on the desktop')
    .description(
      'Save a shortcut on the desktop that starts a connection without a terminal, and print its path.',
    )
    .argument('<name>', 'name of a saved connection; with --hostname, what to call the shortcut')
    .option('--hostname <host>', 'reach an application by its host name instead')
    .option('--url <address>', 'where to serve that: "HOST:PORT"')
    .addHelpText('after', examples)
    .action(async (name: string, options: ShortcutOptions) => {
      const { runShortcut } = await import('./shortcut-run.ts')
      exitWith(await runShortcut(name, options))
    })
  const connect = new Command('connect')
    .description(
      'Bring one connection up as a shortcut does: what there is to say is shown on the desktop.',
    )
    .argument('<id>', 'the id of a saved connection')
    .action(async (id: string) => {
      const { connectByShortcut } = await import('./connect-run.ts')
      exitWith(await connectByShortcut(id))
    })
  return desktop.addCommand(shortcut).addCommand(connect, { hidden: true })
}
