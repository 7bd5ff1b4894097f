import { writeResult } from '../../standard-output.ts'
import { cleanLine } from '../../terminal-text.ts'
import { exitCodes, type ExitCode } from '../process/exit-codes.ts'
import { printText } from '../speech/print.ts'
import { knownNames } from './known-names.ts'
import { completionScript } from './shell-scripts.ts'
import type { Shell } from './shells.ts'
import { suggest, type NamedCommand } from './suggest.ts'

/**
 * How much a shell shows of what a word is, in characters.
 *
 * @limit none: the rest is in the help of its command
 */
const maxTextLength = 70

export async function printScript(shell: Shell): Promise<ExitCode> {
  printText(completionScript(shell))
  return exitCodes.ok
}

/**
 * Prints for the script of a shell: `words`, `files` or `directories`, which says what the shell is to add, and one line for
 * each word, with a tab before what it is.
 */
export async function printSuggestions(
  commands: readonly NamedCommand[],
  before: readonly string[],
  current: string,
): Promise<ExitCode> {
  const { kind, words } = await suggest(commands, before, current, knownNames)
  const lines = words.map(
    ({ value, text }) => `${cleanLine(value)}\t${cleanLine(text, maxTextLength)}`,
  )
  // As it is: a tab would be shown as one.
  writeResult(`${[kind, ...lines].join('\n')}\n`)
  return exitCodes.ok
}
