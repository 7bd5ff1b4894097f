import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { posternArgsOf } from '../../postern-program.ts'
import { argumentsWithoutGiven, variablesWithoutGiven } from './allowed.ts'
import type { SecretWatch } from './watch.ts'

/** Time between two looks at the processes, in milliseconds. */
const everyMs = 50

export interface TreeWatch extends Disposable {
  /** Looks now, as otherwise from time to time. */
  look(): void
}

interface Known {
  /** Its argument list, as /proc has it. */
  readonly line: string
  /** Whether it is a program of ours, or was started by one. */
  readonly isOurs: boolean
}

/**
 * Searches what was given to every program of ours and to all that these have started, whoever started them: one that `ssh` runs,
 * or a browser. Where there is no /proc it sees none.
 */
export function watchTree(watch: SecretWatch): TreeWatch {
  const known = new Map<number, Known>()
  const place = placeOnce(watch)

  function meet(pid: number, isBelow: boolean): Known {
    const line = read(`/proc/${pid}/cmdline`)
    const before = known.get(pid)
    // One that ends has no words any more; one that becomes another program has others.
    if (before !== undefined && (line === '' || line === before.line)) return before
    const [command = '', ...args] = line.split('\0').slice(0, -1)
    const words = posternArgsOf(command, args)
    const met = { line, isOurs: isBelow || words !== undefined }
    known.set(pid, met)
    if (!met.isOurs || line === '') return met
    const variables = read(`/proc/${pid}/environ`)
    if (words === undefined) {
      const name = `${basename(command)}, started by postern`
      place(`arguments of ${name}`, line)
      place(`environment of ${name}`, variables)
    } else {
      const name = `postern ${words.join(' ')}`
      place(`arguments of ${name}`, argumentsWithoutGiven([command, ...args]))
      place(`environment of ${name}`, variablesWithoutGiven(entriesOf(variables)))
    }
    return met
  }

  function visit(parent: number, isBelow: boolean, met: Set<number>): void {
    for (const pid of childrenOf(parent)) {
      met.add(pid)
      visit(pid, meet(pid, isBelow).isOurs, met)
    }
  }

  function look(): void {
    const met = new Set<number>()
    visit(process.pid, false, met)
    // Their parent has ended, as that of a program in the background does; or they have.
    for (const [pid, { line, isOurs }] of known) {
      if (met.has(pid)) continue
      if (line !== '' && read(`/proc/${pid}/cmdline`) === line) visit(pid, isOurs, met)
      else known.delete(pid)
    }
  }

  const timer = setInterval(look, everyMs).unref()
  return { look, [Symbol.dispose]: () => clearInterval(timer) }
}

/** The same words are many a program's, and are searched once. */
function placeOnce(watch: SecretWatch): (name: string, text: string) => void {
  const placed = new Set<string>()
  return (name, text) => {
    const key = `${name}\0${text}`
    if (placed.has(key)) return
    placed.add(key)
    watch.place(name, () => text)
  }
}

/** Of its first thread, from which programs are started. */
function childrenOf(pid: number): readonly number[] {
  return (read(`/proc/${pid}/task/${pid}/children`).match(/\d+/g) ?? []).map(Number)
}

/** Empty where the process is gone, or is not ours to look into. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function entriesOf(variables: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    variables.split('\0').map((entry) => {
      const at = entry.indexOf('=')
      return [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}
