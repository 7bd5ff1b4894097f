import { Command, CommanderError } from 'commander'
import {
  exitProcess,
  settleOutputs,
  standardOutput,
  terminalColumns,
  writeResult,
} from '../standard-output.ts'
import { version } from '../version.ts'
import { commands, type CommandEntry } from './command-list.ts'
import { exitCodeOf, exitCodes, type ExitWith } from './process/exit-codes.ts'
import { isAskedToEnd } from './process/signals.ts'
import type { FaultyLine } from './speech/faulty-line.ts'
import { processVoice, type Voice } from './speech/voice.ts'

/** What Commander has to say, until what knows how to say it is loaded: most command lines do not need it. */
interface Heard {
  fault?: FaultyLine
  /** Help, and the version, by the descriptor that they are for. */
  readonly texts: { readonly to: 1 | 2; readonly text: string }[]
}

/** How long a program that stays up waits for slow readers at its end, in milliseconds. */
const endWaitMs = 500
/** Where help is wrapped that no terminal shows, in columns. */
const plainWidth = 80

/** Runs one command line, without the program's own name, and lets the process end with its exit code. */
export async function run(args: readonly string[]): Promise<void> {
  // Node tells of a rejection that nobody handles as the former, Bun by the latter alone: it would end the program itself,
  // with a piece of its source in place of our words.
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, endByFault)
  const exitCode = await runCommand(args)
  // Node waits at its end for a reader of stdout that has stopped, and for a resolver that is away.
  if (isAskedToEnd()) return exitProcess(exitCode)
  const staysUp = commands.some((command) => command.staysUp && isCalled(command, args[0]))
  await settleOutputs(exitCode, staysUp ? endWaitMs : Infinity)
}

function endByFault(error: unknown): void {
  plainVoice().fatal(error)
  void exitProcess(exitCodes.internal)
}

async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok
  const heard: Heard = { texts: [] }
  try {
    const exitWith: ExitWith = (code) => (exitCode = code)
    const asked = withoutHelpWord(args)
    const program = await defineProgram(asked[0], exitWith, heard)
    await program.parseAsync(asked, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      await say(heard)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    plainVoice().fatal(error)
    return exitCodeOf(error)
  }
}

async function say({ texts, fault }: Heard): Promise<void> {
  if (texts.length > 0) {
    const { fitHelp } = await import('./speech/fit-help.ts')
    for (const { to, text } of texts) {
      const fitted = fitHelp(text, helpWidth(to))
      if (to === 1) writeResult(fitted)
      else standardOutput(to).write(fitted)
    }
  }
  if (fault === undefined) return
  const { sayFaultyLine } = await import('./speech/faulty-line.ts')
  sayFaultyLine(fault)
}

function helpWidth(descriptor: 1 | 2): number {
  return terminalColumns(descriptor) ?? plainWidth
}

/** For what happens before a command knows how it is to speak, or outside of one. */
function plainVoice(): Voice {
  const component = { human: 'postern', json: 'postern' }
  return processVoice({ format: 'human', level: 'info', component })
}

/** Only the command that is asked for is loaded; the others lend their name and summary. */
async function defineProgram(
  wanted: string | undefined,
  exitWith: ExitWith,
  heard: Heard,
): Promise<Command> {
  const program = new Command('postern')
    .description('Reach any TCP service through one HTTPS port, with your company login.')
    .version(`postern ${version}`, '-v, --version', 'print the version')
    .enablePositionalOptions()
  for (const entry of commands) {
    const isWanted = isCalled(entry, wanted)
    const command = isWanted ? (await entry.load())(exitWith) : new Command(entry.name)
    program.addCommand(command.summary(entry.summary).aliases(entry.aliases ?? []))
  }
  for (const command of withSubcommands(program)) makeQuiet(command, heard)
  return program.helpCommand(false)
}

/** `help COMMAND` is `COMMAND --help`; of one that there is not, the fault is said. */
function withoutHelpWord(args: readonly string[]): readonly string[] {
  const [word, ...rest] = args
  if (word !== 'help') return args
  const isKnown = rest.length === 0 || commands.some((command) => isCalled(command, rest[0]))
  return isKnown ? [...rest, '--help'] : rest
}

function isCalled({ name, aliases = [] }: CommandEntry, wanted: string | undefined): boolean {
  return wanted !== undefined && [name, ...aliases].includes(wanted)
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)]
}

/** Commander throws instead of ending the process, and speaks as the program does. */
function makeQuiet(command: Command, heard: Heard): void {
  command
    .exitOverride()
    .helpOption('-h, --help', 'print this help')
    .configureOutput({
      writeOut: (text) => heard.texts.push({ to: 1, text }),
      writeErr: (text) => heard.texts.push({ to: 2, text }),
      getOutHelpWidth: () => helpWidth(1),
      getErrHelpWidth: () => helpWidth(2),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text) => (heard.fault = { command, text }),
    })
}
