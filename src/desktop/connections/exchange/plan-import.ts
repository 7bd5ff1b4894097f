import type { Problem } from '../../../errors.ts'
import type { ImportAnswer, ImportInput } from '../../wire/calls.ts'
import type { ConnectionSettings, SavedConnection } from '../../wire/connection.ts'
import { maxConnections } from '../connections-file.ts'
import { createNames } from '../names.ts'
import { createTakenAddresses, type TakenAddresses } from '../taken-addresses.ts'
import type { ParsedExchange } from './parse-exchange.ts'

/** @limit faults of an import that are named: how many more there are is said */
const maxNamed = 100

/** What an import does, or why it does nothing. */
export interface ImportPlan {
  readonly answer: ImportAnswer
  /** None where the answer has faults. */
  readonly add: readonly ConnectionSettings[]
}

type Existing = Pick<SavedConnection, 'name' | 'listen' | 'address'>
type Duplicates = NonNullable<ImportInput['duplicates']>

/** Plans what becomes of the connections of a text beside those that exist: all of them are added, or none. */
export function planImport(
  existing: readonly Existing[],
  parsed: ParsedExchange,
  duplicates: Duplicates,
): ImportPlan {
  const { add, taken, adjusted, unsupported, problems } = place(existing, parsed, duplicates)
  const isRefused = problems.length > 0
  const unlessRefused = <T>(list: readonly T[]): readonly T[] => (isRefused ? [] : list)
  return {
    add: unlessRefused(add),
    answer: {
      format: parsed.format,
      added: unlessRefused(add.map(({ name }) => name)),
      updated: [],
      removed: [],
      duplicates: taken,
      adjusted: unlessRefused(adjusted),
      unsupported: unlessRefused(unsupported),
      unknown_fields: parsed.unknownFields,
      faults: shownProblems(problems),
    },
  }
}

interface Placed {
  readonly add: readonly ConnectionSettings[]
  readonly taken: readonly string[]
  readonly adjusted: readonly string[]
  readonly unsupported: ImportAnswer['unsupported']
  readonly problems: readonly Problem[]
}

/** Each gets a name and an address that nobody has, or is left out. */
function place(
  existing: readonly Existing[],
  parsed: ParsedExchange,
  duplicates: Duplicates,
): Placed {
  const names = createNames(existing.map(({ name }) => name))
  const addresses = addressesOf(existing)
  const [add, taken, adjusted]: [ConnectionSettings[], string[], string[]] = [[], [], []]
  const unsupported: ImportAnswer['unsupported'][number][] = []
  const problems: Problem[] = [...parsed.problems]
  for (const { settings, unsupported: why, problem } of parsed.connections) {
    const isTaken = names.has(settings.name)
    if (isTaken) taken.push(settings.name)
    if (isTaken && duplicates === 'skip') continue
    if (isTaken && duplicates === 'refuse') problems.push(problem('name', ...nameTaken(settings)))
    const name = names.take(settings.name)
    if (why !== undefined) unsupported.push({ name, why })
    const { listen } = settings
    const holder = listen === undefined ? undefined : addresses.holderOf(listen)
    if (holder !== undefined) {
      adjusted.push(`"${name}" gets an address of its own: "${listen}" is that of "${holder}"`)
    } else if (listen !== undefined) addresses.add(listen, name)
    add.push({ ...settings, name, listen: holder === undefined ? listen : undefined })
  }
  if (existing.length + add.length > maxConnections) problems.push(tooMany)
  return { add, taken, adjusted, unsupported, problems }
}

const tooMany: Problem = {
  source: '',
  path: '',
  message: `there would be more than ${maxConnections} connections`,
  hint: 'delete some first',
}

function addressesOf(existing: readonly Existing[]): TakenAddresses {
  const addresses = createTakenAddresses()
  for (const { name, listen, address } of existing) {
    const at = listen ?? address
    if (at !== undefined) addresses.add(at, name)
  }
  return addresses
}

function nameTaken({ name }: ConnectionSettings): [message: string, hint: string] {
  return [
    `"${name}" is the name of another connection`,
    'leave out those whose names are taken, or keep them under other names',
  ]
}

/** As the API answers them. */
function shownProblems(problems: readonly Problem[]): ImportAnswer['faults'] {
  const named = problems.slice(0, maxNamed).map(shown)
  const more = problems.length - named.length
  return more === 0 ? named : [...named, { path: '', message: `${more} more` }]
}

/** The text is whoever sent it's own: it needs no name. */
function shown({
  path,
  message,
  hint,
  line,
  column,
}: Omit<Problem, 'source'>): ImportAnswer['faults'][number] {
  return {
    path,
    message,
    ...(hint !== undefined && { hint }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  }
}
