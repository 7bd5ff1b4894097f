import type { Command } from 'commander'
import { commands } from '../../src/cli/command-list.ts'
import { version } from '../../src/version.ts'

/**
 * `postern.1`, of what the commands say of themselves.
 *
 * @see https://manpages.debian.org/bookworm/mandoc/man.7.en.html
 */
export async function manPage(): Promise<string> {
  const sections = []
  for (const { name, summary, load } of commands) {
    const command = (await load())(() => undefined).summary(summary)
    sections.push(...sectionsOf(command, `postern ${name}`))
  }
  return `.TH POSTERN 1 "" "postern ${escaped(version)}" "User Commands"
.nh
.ad l
.SH NAME
postern \\- identity\\-aware access to TCP services through one HTTPS port
.SH SYNOPSIS
.B postern
.I command
.RI [ option ...]
.RI [ argument ...]
.SH DESCRIPTION
Reach any TCP service through one HTTPS port, with your company login.
.PP
.B postern \\-\\-help
lists the commands,
.B postern
.I command
.B \\-\\-help
tells of one.
.SH COMMANDS
${commands.map(({ name, summary }) => definition(`.B ${escaped(name)}`, summary)).join('\n')}
${sections.join('\n')}
`
}

/** Of a command and those within it. */
function sectionsOf(command: Command, name: string): string[] {
  const help = command.helpOption('-h, --help', 'print this help').createHelp()
  const inner = help
    .visibleCommands(command)
    .flatMap((one) => sectionsOf(one, `${name} ${one.name()}`))
  const usage = help.commandUsage(command).slice(command.name().length)
  const options = help
    .visibleOptions(command)
    .map((option) => definition(`.B ${escaped(option.flags)}`, help.optionDescription(option)))
  const args = help
    .visibleArguments(command)
    .map((one) => definition(`.I ${escaped(one.name())}`, help.argumentDescription(one)))
  const texts = (command.description() || command.summary()).split('\n\n').map(escapedLines)
  const own = [
    `.SH ${quoted(name.toUpperCase())}`,
    `.B ${escaped(name)}`,
    escapedLines(usage.replace(/^.*?(?=\[|<)/, '')),
    ...texts.flatMap((text) => ['.PP', text]),
    ...args,
    ...options,
    ...more(command),
  ]
  return [own.filter((line) => line !== '').join('\n'), ...inner]
}

/** What help has at its end: examples, variables, exit codes, as they stand there. */
function more(command: Command): string[] {
  let whole = ''
  command.configureOutput({ writeOut: (text) => (whole += text) })
  command.outputHelp()
  const text = whole.slice(command.helpInformation().length).trim()
  return text === '' ? [] : ['.PP', '.nf', escapedLines(text), '.fi']
}

function definition(head: string, text: string): string {
  return `.TP\n${head}\n${escapedLines(text || 'see below')}`
}

function escapedLines(text: string): string {
  return text
    .split('\n')
    .map((line) => escaped(line))
    .join('\n')
}

/** A line of text: no backslash, hyphen, or dot at its start has a meaning. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&')
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '\\(dq')}"`
}
