import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { posternArgsOf } from '../../postern-program.ts'
import { argumentsWithoutGiven, variablesWithoutGiven } from './allowed.ts'
import { resultFileOf, resultOf } from './results.ts'
import { secretsIn } from './shapes.ts'
import type { SecretWatch } from './watch.ts'

interface Started {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly output: () => Buffer
  readonly errors: () => Buffer
  readonly ended: Promise<unknown>
}

/**
 * Searches what a program of ours was given and has said. What it prints because it was asked for a secret is collected instead.
 * Other programs are the test's own, which may do as they like.
 */
export function watchChild(watch: SecretWatch, child: Started): void {
  const words = posternArgsOf(child.command, child.args)
  if (words === undefined || !watch.isSearched) return
  const name = `postern ${words.join(' ')}`
  watch.place(`arguments of ${name}`, () => argumentsWithoutGiven(child.args))
  watch.place(`environment of ${name}`, () => variablesWithoutGiven(child.env))
  watch.place(`stderr of ${name}`, child.errors)
  const kind = resultOf(words)
  if (kind === undefined) {
    watch.place(`stdout of ${name}`, child.output)
    return
  }
  const collect = (text: string): void => {
    for (const secret of secretsIn(text)) watch.add(kind, secret)
  }
  const file = resultFileOf(words)
  // At once: another command may write to the same file.
  const written = child.ended.then(
    () => (file === undefined ? '' : readFile(resolve(child.cwd, file), 'utf8')),
    () => '',
  )
  written.catch(() => undefined)
  watch.source(async () => {
    collect(child.output().toString())
    collect(await written.catch(() => ''))
  })
}
