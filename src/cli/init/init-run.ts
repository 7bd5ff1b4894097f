import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { formatProblem } from '../../errors.ts'
import { isStandardInputTerminal, isTerminal } from '../../standard-output.ts'
import { terminalStreams } from '../../standard-streams.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printLine } from '../speech/print.ts'
import { askAnswers, type InitFlags } from './ask-answers.ts'
import { nextSteps } from './next-steps.ts'
import { createQuestions } from './questions.ts'
import { writeInit } from './write-init.ts'

export interface InitOptions extends InitFlags {
  readonly force?: boolean
}

/** Asks what is not said, writes the configuration, and says what comes next; the paths are the result. */
export async function runInit(
  path: string,
  { force = false, ...flags }: InitOptions,
): Promise<number> {
  const isAsking = isStandardInputTerminal() && isTerminal(2)
  using questions = isAsking
    ? createQuestions({ ...terminalStreams(), isTerminal: true })
    : undefined
  const answers = await askAnswers(asSeenFrom(path, flags), questions)
  const { files, warnings } = await writeInit(path, answers, { isForced: force })
  for (const file of files) printLine(file)
  for (const warning of warnings) noteText(`warning: ${formatProblem(warning)}\n`)
  note('')
  noteText(nextSteps(path, answers))
  return exitCodes.ok
}

/** Paths of the command line begin where it was given, those of a configuration in its own folder. */
function asSeenFrom(path: string, flags: InitFlags): InitFlags {
  const folder = dirname(resolve(path))
  const seen = (file: string | undefined): string | undefined => {
    if (file === undefined || isAbsolute(file)) return file
    const inFolder = relative(folder, resolve(file))
    return inFolder.startsWith('..') ? resolve(file) : inFolder
  }
  const files = {
    certificateFile: seen(flags.certificateFile),
    certificateKeyFile: seen(flags.certificateKeyFile),
    clientSecretFile: seen(flags.clientSecretFile),
    autocertTrustedCaFile: seen(flags.autocertTrustedCaFile),
  }
  const given = Object.entries(files).filter(([, file]) => file !== undefined)
  return { ...flags, ...Object.fromEntries(given) }
}
