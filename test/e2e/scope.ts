import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What one test owns. Everything is undone at its end, last first. */
export interface Scope {
  /** A directory of its own, removed at the end. */
  readonly directory: string
  defer(undo: () => void | Promise<void>): void
  /** Words that are shown when the test fails, such as a process's log. */
  witness(name: string, words: () => string): void
}

/** Longest text of one witness that is shown, in UTF-16 units. */
const maxWordsLength = 6_000

/** Runs a test in a scope; what its witnesses have to say goes to `tell` when it fails. */
export async function inScope(
  test: (scope: Scope) => Promise<void>,
  tell: (text: string) => void,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-e2e-'))
  const witnesses = new Map<string, () => string>()
  await using undoing = new AsyncDisposableStack()
  undoing.defer(() => rm(directory, { recursive: true, force: true }))
  try {
    await test({
      directory,
      defer: (undo) => undoing.defer(undo),
      witness: (name, words) => void witnesses.set(name, words),
    })
  } catch (error) {
    for (const [name, words] of witnesses) {
      tell(`--- ${name}\n${words().slice(-maxWordsLength)}`)
    }
    throw error
  }
}
