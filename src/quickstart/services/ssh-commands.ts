import { formatDuration } from '../../clock.ts'

/** What a command line printed, and its exit status as a shell would give it. */
export interface CommandResult {
  /** Lines end in `\n`. */
  readonly output: string
  readonly status: number
  /** The session is over. */
  readonly isExit: boolean
}

export interface CommandContext {
  readonly user: string
  /** How long the sample server has been up, in milliseconds. */
  readonly upMs: number
}

/** The name this pretended machine gives itself. */
export const sampleHostName = 'sample'

interface Command {
  readonly summary: string
  run(context: CommandContext, words: readonly string[]): string
}

const commands: Readonly<Record<string, Command>> = {
  help: { summary: 'this list', run: () => helpText() },
  hostname: { summary: 'name of this sample machine', run: () => sampleHostName },
  whoami: { summary: 'the user you gave to ssh', run: ({ user }) => user },
  uptime: {
    summary: 'how long the quickstart has been up',
    run: ({ upMs }) => `up ${formatDuration(upMs)}`,
  },
  echo: { summary: 'what you wrote', run: (_, words) => words.join(' ') },
  exit: { summary: 'leave', run: () => '' },
}

/** Status of a POSIX shell for a command it does not find. */
const notFoundStatus = 127

/**
 * Answers a command line: a few toy commands, several separated by `;`. These words are all there is:
 * nothing is run, and no file is read.
 */
export function runCommandLine(line: string, context: CommandContext): CommandResult {
  let output = ''
  let status = 0
  for (const part of line.split(';')) {
    const [name, ...words] = part.trim().split(/\s+/)
    if (name === undefined || name === '') continue
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (name === 'exit') return { output, status, isExit: true }
    status = command === undefined ? notFoundStatus : 0
    output += `${command?.run(context, words) ?? notFound(name)}\n`
  }
  return { output, status, isExit: false }
}

function helpText(): string {
  return Object.entries(commands)
    .map(([name, { summary }]) => `${name.padEnd(10)}${summary}`)
    .join('\n')
}

function notFound(name: string): string {
  return `this sample server has no command ${JSON.stringify(name)}; try: help`
}
