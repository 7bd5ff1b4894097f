import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { commands } from './command-list.ts'

/** Those with a help page of their own, which says how they end. */
const withPages = ['apply', 'export', 'admin', 'policy', 'request', 'audit']

interface Page {
  /** Such as `gateway requests`. */
  readonly name: string
  readonly text: string
}

for (const entry of commands) {
  test(`each example in the help of "postern ${entry.name}" is a command line that it takes`, async () => {
    const define = await entry.load()
    for (const page of pagesOf(
      define(() => undefined),
      [],
    )) {
      for (const example of examplesIn(page.text)) {
        const words = wordsOf(example)
        if (words[0] !== entry.name && !entry.aliases?.includes(words[0] ?? '')) continue
        const reached: string[] = []
        const program = new Command('postern').enablePositionalOptions().exitOverride()
        program.addCommand(
          onlyParsing(
            define(() => undefined),
            reached,
          ),
        )
        await assert.doesNotReject(program.parseAsync(words, { from: 'user' }), example)
        assert.equal(reached.length, 1, example)
      }
    }
  })
}

test('the help of what an administrator uses has examples and says how it ends', async () => {
  const pages = new Map<string, string>()
  for (const { load } of commands)
    for (const { name, text } of pagesOf(
      (await load())(() => undefined),
      [],
    ))
      pages.set(name, text)
  for (const name of [...withPages, 'gateway requests', 'gateway blocks']) {
    const text = pages.get(name) ?? ''
    assert.match(text, /^Examples:$/m, name)
    assert.match(text, /^Exit codes:\n +0 /m, name)
  }
})

function pagesOf(command: Command, above: readonly string[]): readonly Page[] {
  const path = [...above, command.name()]
  let text = ''
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => 200 })
  command.outputHelp()
  return [{ name: path.join(' '), text }, ...command.commands.flatMap((it) => pagesOf(it, path))]
}

/** Does nothing but say that it would have been run. */
function onlyParsing(command: Command, reached: string[]): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined })
  command.action(() => void reached.push(command.name()))
  for (const it of command.commands) onlyParsing(it, reached)
  return command
}

/** Lines of a shell that begin with the program, joined where one goes on in the next. */
function examplesIn(text: string): readonly string[] {
  const [, examples = ''] = text.split(/^Examples?:\n/m)
  return examples
    .split(/^\S/m)
    .slice(0, 1)
    .join('')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => /(?:^|\s)postern (.*)$/.exec(line.replace(/^ *#.*$/, ''))?.[1] ?? '')
    .filter((line) => line !== '')
}

/** Up to what a shell would take for itself. */
function wordsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []
  const end = words.findIndex((word) => /^(?:[<>|&;]|2>)/.test(word))
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/["']/g, ''))
}
