import { Command } from 'commander'
import type { ExitWith } from '../process/exit-codes.ts'
import { defineInstall } from './install.ts'

/** Defines `postern desktop`. */
export function defineDesktop(exitWith: ExitWith): Command {
  const desktop = new Command('desktop')
    .description('Connections that you keep, without a terminal.')
    .helpCommand(false)
  return defineInstall(desktop, exitWith)
}
