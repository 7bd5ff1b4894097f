// Commands that docs and messages name: each is one that there is, with options that it has.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { commands } from '../../src/cli/command-list.ts'

const root = join(import.meta.dirname, '..', '..')

test('every command in docs and messages is there, with its options', async () => {
  const defined = new Map<string, Command>()
  for (const { name, aliases = [], load } of commands) {
    const command = (await load())(() => undefined)
    for (const word of [name, ...aliases]) defined.set(word, command)
  }
  const wrong: string[] = []
  let count = 0
  for (const [path, text] of textsOf()) {
    for (const line of text) {
      count += 1
      const fault = faultOf(line, defined)
      if (fault !== undefined) wrong.push(`${path}: ${line}: ${fault}`)
    }
  }
  assert.ok(count > 300, `only ${count} commands were found`)
  assert.deepEqual(wrong, [])
})

/** The command lines of each file, from `postern` on. */
function* textsOf(): Generator<[path: string, lines: readonly string[]]> {
  const docs = globSync(['README.md', 'docs/**/*.md'], { cwd: root })
  for (const path of docs.filter((name) => !name.endsWith('commands.md'))) {
    const text = readFileSync(join(root, path), 'utf8').replaceAll(/\\\n\s*/g, ' ')
    const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) =>
      block.split('\n').filter((line) => /^(?:sudo )?postern /.test(line)),
    )
    const inline = [...text.matchAll(/`((?:sudo )?postern [^`]+)`/g)].map(([, code = '']) => code)
    yield [path, [...blocks, ...inline]]
  }
  for (const path of globSync('src/**/*.ts', { cwd: root })) {
    if (/\.(?:test|suite|fixture)\.ts$/.test(path)) continue
    const text = readFileSync(join(root, path), 'utf8')
    yield [path, [...text.matchAll(/"(postern [a-z][^"\n]*)"/g)].map(([, code = '']) => code)]
  }
}

/** What is wrong with a command line; undefined where nothing is. */
function faultOf(line: string, defined: ReadonlyMap<string, Command>): string | undefined {
  // What stands behind "--" is for another program.
  const words = line
    .replace(/ -- .*$/, '')
    .replace(/^sudo /, '')
    .replace(/[#|;&>].*$/, '')
    .trim()
    .split(/\s+/)
    .slice(1)
  const [first = '', ...rest] = words
  let command = defined.get(first)
  // Options of the program itself, which stand alone.
  if (words.length === 1 && ['--version', '--help'].includes(first)) return undefined
  if (command === undefined) return `there is no "${first}"`
  const parents = [command]
  for (const word of rest) {
    const found: Command | undefined = command.commands.find(
      (each) => each.name() === word || each.aliases().includes(word),
    )
    if (found === undefined) break
    command = found
    parents.push(found)
  }
  const known = new Set(
    parents.flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short])),
  )
  known.add('--help')
  return rest
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/[=,.].*$/, ''))
    .filter((word) => !known.has(word))
    .map((word) => `no ${word}`)[0]
}
