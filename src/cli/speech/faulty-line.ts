import type { Command } from 'commander'
import { didYouMean } from '../../spelling.ts'
import { adviceOnCommand, adviceOnOption } from './cloudflared-words.ts'
import { note } from './print.ts'

/** What Commander says of a command line, and the command that it was meant for. */
export interface FaultyLine {
  readonly command: Command
  readonly text: string
}

/** Says what is wrong with a command line as the program speaks, and what to do about it. */
export function sayFaultyLine({ command, text }: FaultyLine): void {
  const [sentence = '', ...rest] = text
    .trim()
    .replaceAll(/'([^']*)'/g, '"$1"')
    .replaceAll(/\.(?=\n|$)/g, '')
    .split('\n')
  const { problem, advice } = mended(command, sentence, rest.join(' '))
  note(`postern: ${problem}`)
  note(`  hint: ${advice}`)
}

/** What Commander says, and what to do about it. */
function mended(
  command: Command,
  sentence: string,
  suggestion: string,
): { readonly problem: string; readonly advice: string } {
  const problem = asUnknownCommand(command, sentence)
  const [, kind, word = ''] = /unknown (option|command) "([^"]*)"/.exec(problem) ?? []
  const [name = ''] = word.split('=')
  const path = pathOf(command)
  const foreign =
    kind === 'option' ? adviceOnOption(path, name) : adviceOnCommand(`${path} ${name}`)
  const [, meant] = /^\(Did you mean (.*)\?\)$/.exec(suggestion) ?? []
  const similar =
    kind === 'command'
      ? didYouMean(
          name,
          command.commands.map((it) => it.name()),
        )
      : undefined
  const advice = foreign ?? (meant && `did you mean "${meant}"?`) ?? similar
  return { problem, advice: advice ?? `"${path} --help" lists what there is` }
}

/** Of a command that does something without a subcommand, too, a first word is meant as one. */
function asUnknownCommand({ commands: subcommands }: Command, sentence: string): string {
  const [, word] = /^error: too many arguments for .* but got \d+: ([^,]*)/.exec(sentence) ?? []
  return word === undefined || subcommands.length === 0
    ? sentence
    : `error: unknown command "${word}"`
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
