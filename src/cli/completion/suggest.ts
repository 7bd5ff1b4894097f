import { Argument, type Command, type Option } from 'commander'

/** A command of the program, as `command-list.ts` has it. */
export interface NamedCommand {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  load(): Promise<(exitWith: (code: number) => void) => Command>
}

/** What may stand at the cursor. */
export interface Suggestions {
  /** Whether the shell is to add files or directories, which it knows better. */
  readonly kind: 'words' | 'files' | 'directories'
  readonly words: readonly Suggestion[]
}

export interface Suggestion {
  readonly value: string
  /** One line on what it is; may be empty. */
  readonly text: string
}

/** What this machine knows by name, without asking anybody. */
export interface KnownNames {
  gateways(): Promise<readonly Suggestion[]>
  routes(): Promise<readonly Suggestion[]>
}

/** What is found before names are looked up. */
interface Found extends Omit<Suggestions, 'kind'> {
  readonly kind: Suggestions['kind'] | keyof KnownNames
  /** What stands before a value in the same word. */
  readonly prefix?: string
}

const nothing: Found = { kind: 'words', words: [] }
/** Placeholders of values that are files: `<file>`. */
const fileNames = ['file', 'files', 'key-or-file', 'old', 'new', 'path', 'paths']
const directoryNames = ['directory']
/** Arguments that are names. */
const namesOfArguments: Readonly<Record<string, keyof KnownNames>> = {
  gateway: 'gateways',
  destination: 'routes',
  route: 'routes',
}

/**
 * What may stand in the place of `current`, behind `words`, which come after the program's own name. Only the command that
 * they name is loaded.
 */
export async function suggest(
  commands: readonly NamedCommand[],
  words: readonly string[],
  current: string,
  names: KnownNames,
): Promise<Suggestions> {
  const [name, ...rest] = words
  const found =
    name === undefined
      ? suggestFirst(commands, current)
      : await suggestIn(commands, name, rest, current)
  const { kind, words: all } = await withNames(found, names)
  return { kind, words: all.filter(({ value }) => value.startsWith(current)) }
}

async function withNames(
  { kind, words, prefix = '' }: Found,
  names: KnownNames,
): Promise<Suggestions> {
  const isOfNames = kind === 'gateways' || kind === 'routes'
  const all = isOfNames ? [...words, ...(await names[kind]())] : words
  const prefixed = all.map(({ value, text }) => ({ value: prefix + value, text }))
  return { kind: isOfNames ? 'words' : kind, words: prefixed }
}

function suggestFirst(commands: readonly NamedCommand[], current: string): Found {
  if (!current.startsWith('-'))
    return listOf(commands.map(({ name, summary }) => ({ value: name, text: summary })))
  return listOf([
    { value: '--help', text: 'print this help' },
    { value: '--version', text: 'print the version' },
  ])
}

async function suggestIn(
  commands: readonly NamedCommand[],
  name: string,
  words: readonly string[],
  current: string,
): Promise<Found> {
  const entry = commands.find((entry) => [entry.name, ...(entry.aliases ?? [])].includes(name))
  if (entry === undefined) return nothing
  const place = walk(
    (await entry.load())(() => undefined),
    words,
  )
  if (place.option !== undefined) return valuesOf(place.option)
  if (place.areOptionsOver || !current.startsWith('-')) return operandsAt(place)
  const [flag = '', value] = current.split('=', 2)
  if (value === undefined) return optionsOf(place.command)
  const option = optionNamed(place.command, flag)
  return option === undefined ? nothing : { ...valuesOf(option), prefix: `${flag}=` }
}

/** Where a command line is at its end. */
interface Place {
  readonly command: Command
  /** How many arguments of it are there. */
  readonly operands: number
  /** The option that has no value yet. */
  readonly option: Option | undefined
  /** Whether `--` has been there. */
  readonly areOptionsOver: boolean
}

function walk(first: Command, words: readonly string[]): Place {
  let place: Place = { command: first, operands: 0, option: undefined, areOptionsOver: false }
  for (const word of words) place = step(place, word)
  return place
}

function step(place: Place, word: string): Place {
  if (place.option !== undefined) return { ...place, option: undefined }
  if (!place.areOptionsOver && word === '--') return { ...place, areOptionsOver: true }
  if (!place.areOptionsOver && word.length > 1 && word.startsWith('-')) {
    const option = optionNamed(place.command, word)
    return option?.required === true ? { ...place, option } : place
  }
  const inner = place.command.commands.find((one) => [one.name(), ...one.aliases()].includes(word))
  if (place.operands > 0 || inner === undefined) return { ...place, operands: place.operands + 1 }
  return { ...place, command: inner }
}

function optionNamed(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word === long || word === short)
}

function optionsOf(command: Command): Found {
  const help = command.helpOption('-h, --help', 'print this help').createHelp()
  return listOf(
    help
      .visibleOptions(command)
      .map(({ long, short, description }) => ({ value: long ?? short ?? '', text: description })),
  )
}

/** Inner commands in the place of the first argument, and what is known of the argument. */
function operandsAt({ command, operands }: Place): Found {
  const all = command.registeredArguments
  const argument = all[operands] ?? all.findLast(({ variadic }) => variadic)
  const values = argument === undefined ? nothing : valuesOf(argument)
  if (operands > 0) return values
  const inner = command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), text: one.summary() || one.description() }))
  return { kind: values.kind, words: [...inner, ...values.words] }
}

function valuesOf(taker: Option | Argument): Found {
  if (taker.argChoices !== undefined)
    return listOf(taker.argChoices.map((value) => ({ value, text: '' })))
  const placeholder = taker instanceof Argument ? taker.name() : placeholderOf(taker.flags)
  if (fileNames.includes(placeholder)) return { kind: 'files', words: [] }
  const names = taker instanceof Argument ? namesOfArguments[placeholder] : namesOf(taker)
  if (names !== undefined) return { kind: names, words: [] }
  if (directoryNames.includes(placeholder)) return { kind: 'directories', words: [] }
  return nothing
}

function namesOf({ long }: Option): keyof KnownNames | undefined {
  return long === '--gateway' ? 'gateways' : undefined
}

/** Of `--ca-file <file>`. */
function placeholderOf(flags: string): string {
  return /[<[]([^>\].]+)/.exec(flags)?.[1] ?? ''
}

function listOf(words: readonly Suggestion[]): Found {
  return { kind: 'words', words }
}
