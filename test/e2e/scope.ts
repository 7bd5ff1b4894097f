import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSearchedByDefault } from './secrets/by-default.ts'
import { hearHttp } from './secrets/heard.ts'
import { watchTree } from './secrets/tree.ts'
import { openWatch, type SecretWatch } from './secrets/watch.ts'

/** What one test owns. Everything is undone at its end, last first. */
export interface Scope {
  /** A directory of its own, removed at the end. */
  readonly directory: string
  defer(undo: () => void | Promise<void>): void
  /** Words that are shown when the test fails, such as a process's log. */
  witness(name: string, words: () => string): void
  /** What is secret in this test: once it has passed and all has ended, none of it may stand where it does not belong. */
  readonly secrets: SecretWatch
}

/** Longest text of one witness that is shown, in UTF-16 units. */
const maxWordsLength = 6_000

/**
 * Runs a test in a scope; what its witnesses have to say goes to `tell` when it fails. With `searchesSecrets` it fails also
 * where a secret of it stands in a place that is none for secrets.
 */
export async function inScope(
  test: (scope: Scope) => Promise<void>,
  tell: (text: string) => void,
  searchesSecrets = isSearchedByDefault(),
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-e2e-'))
  const witnesses = new Map<string, () => string>()
  const secrets = openWatch(searchesSecrets)
  await using removing = new AsyncDisposableStack()
  removing.defer(() => rm(directory, { recursive: true, force: true }))
  try {
    await using undoing = new AsyncDisposableStack()
    if (searchesSecrets) undoing.use(hearHttp(secrets))
    const tree = searchesSecrets ? undoing.use(watchTree(secrets)) : undefined
    await test({
      directory,
      secrets,
      defer: (undo) => undoing.defer(undo),
      witness: (name, words) => void witnesses.set(name, words),
    })
    tree?.look()
  } catch (error) {
    for (const [name, words] of witnesses) {
      tell(`--- ${name}\n${words().slice(-maxWordsLength)}`)
    }
    throw error
  }
  const faults = searchesSecrets ? await secrets.end() : []
  if (faults.length > 0)
    throw new Error(`secrets where they do not belong:\n  ${faults.join('\n  ')}`)
}
