import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { endings } from '../src/telemetry/ended.ts'
import { isTest, readSources } from './sources.ts'

// What docs/architecture.md names is there: a drawing of code that nobody has any more is worse than none.

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
const all = readSources(root)
const sources = all.filter(({ path }) => !isTest(path))
const folders = new Set(sources.flatMap(({ path }) => foldersOf(`src/${path}`)))
/** Made by `npm run build`. */
const builtFolders = ['dist/web/']

describe('the architecture page', () => {
  test('names enough for these tests to mean something', () => {
    assert.ok(named(files).length > 60, String(named(files).length))
    assert.ok(named(functions).length > 60, String(named(functions).length))
  })

  test('names no file that is not there', () => {
    assert.deepEqual(
      named(files).filter((name) => !isFile(name)),
      [],
    )
  })

  test('names no folder that is not there', () => {
    assert.deepEqual(
      inTicks(/^(?:[\w.-]+\/)+$/).filter((name) => !isFolder(name)),
      [],
    )
  })

  test('names no function and no type that is not there', () => {
    const code = sources.map(({ text }) => text).join('\n')
    assert.deepEqual(
      named(functions).filter((name) => !defines(code, name)),
      [],
    )
    assert.deepEqual(
      inTicks(/^[A-Z][a-z]\w*$/).filter((name) => !declares(code, name)),
      [],
    )
  })

  test('names each function of a table with a file that has it', () => {
    const wrong = rows(page).flatMap((row) => {
      const text = matches(row, files).flatMap(textsOf).join('\n')
      const names = text === '' ? [] : matches(row, functions)
      return names.filter((name) => !defines(text, name)).map((name) => `${name}(): ${row}`)
    })
    assert.deepEqual(wrong, [])
  })

  test('gives every arrow of a life cycle its functions', () => {
    const arrows = rows(section('## Life cycles'))
    assert.ok(arrows.length > 40, String(arrows.length))
    assert.deepEqual(
      arrows.filter((row) => matches(row, functions).length === 0),
      [],
    )
  })

  test('gives every cause by which a tunnel, a session or a connection ends', () => {
    const ends = {
      '### A tunnel': Object.keys(endings),
      '### A session': wordsOf('store/store.ts', 'SessionEndReason'),
      "### A client's connection to the port": wordsOf('port/peers/peer.ts', 'EvictionCause'),
    }
    for (const [heading, causes] of Object.entries(ends)) {
      const told = rows(section(heading)).map((row) => /^\| `([\w-]+)`/.exec(row)?.[1])
      assert.deepEqual(new Set(told.filter((cause) => cause !== undefined)), new Set(causes))
    }
  })
})

describe('the tests of the architecture page', () => {
  const code = `
export async function opened<T>(one: T) {}
const arrow = (one: string) => two(one)
interface Parts {
  method(one: string): void
  readonly property: Opened
}
return {
  async own(one) {
    called(one)
  },
  short: () => 1,
  handed,
}`

  test('tell what a text defines from what it calls', () => {
    for (const name of ['opened', 'arrow', 'method', 'property', 'own', 'short'])
      assert.ok(defines(code, name), name)
    for (const name of ['two', 'called', 'handed', 'one', 'open'])
      assert.ok(!defines(code, name), name)
  })

  test('find what is not there', () => {
    assert.ok(isFile('live-tunnels.ts') && isFile('access/live-tunnels.ts') && isFile('*.suite.ts'))
    assert.ok(!isFile('gone.ts') && !isFile('tunnels/live-tunnels.ts') && !isFile('gone-*.ts'))
    assert.ok(isFolder('sign-in/') && isFolder('src/pages/html/') && isFolder('test/e2e/'))
    assert.ok(!isFolder('gone/') && !isFolder('n-in/'))
  })
})

/** A path of a file, whose folder may be left out; `*` stands for anything. */
const files = /(?<![\w/-])((?:[\w-]+\/)*[\w*-]+(?:\.\w+)*\.ts)\b/g
const functions = /\b([a-z]\w*)\(\)/g

function named(pattern: RegExp): readonly string[] {
  return [...new Set(matches(page, pattern))]
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name)
}

function inTicks(pattern: RegExp): readonly string[] {
  const prose = page.replaceAll(/^```[^]*?^```/gm, '')
  return matches(prose, /`([^`\n]+)`/g).filter((name) => pattern.test(name))
}

/** What stands below a heading, up to the next of its rank. */
function section(heading: string): string {
  const [rank = ''] = heading.split(' ')
  const from = page.indexOf(`\n${heading}\n`)
  assert.ok(from >= 0, `there is no "${heading}"`)
  const rest = page.slice(from + heading.length + 2)
  const next = rest.search(new RegExp(`^#{1,${rank.length}} `, 'm'))
  return next < 0 ? rest : rest.slice(0, next)
}

/** The rows of all tables in a text, their heads left out. */
function rows(text: string): readonly string[] {
  const lines = text.split('\n')
  const isRule = (line = ''): boolean => line.startsWith('| -')
  return lines.filter((line, index) => {
    return line.startsWith('| ') && !isRule(line) && !isRule(lines[index + 1])
  })
}

function isFile(name: string): boolean {
  const path = name.replace(/^src\//, '')
  if (path.includes('*')) return globSync(`src/**/${path}`, { cwd: root }).length > 0
  return all.some((file) => `/${file.path}`.endsWith(`/${path}`)) || existsSync(join(root, name))
}

function textsOf(name: string): readonly string[] {
  return sources.filter(({ path }) => `/${path}`.endsWith(`/${name}`)).map(({ text }) => text)
}

function isFolder(name: string): boolean {
  if (builtFolders.includes(name) || existsSync(join(root, name))) return true
  return [...folders].some((folder) => `/${folder}/`.endsWith(`/${name}`))
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Whether a text has a function of this name, a method, or a property that may be one; a call is none. */
function defines(text: string, name: string): boolean {
  const parameters = '(?:<[^>]*>)?\\((?:[^()]|\\([^()]*\\))*\\)'
  const forms = [
    `\\bfunction\\*? ${name}\\b`,
    `\\b(?:const|let) ${name}(?:: [^=\\n]+)? = (?:async )?(?:\\(|<|\\w+ =>)`,
    `^ +(?:async |\\*)*${name}${parameters}(?:: | \\{)`,
    `^ +(?:readonly )?${name}\\??: [^\\n]*(?:=>|\\b[A-Z]\\w*)`,
  ]
  return forms.some((form) => new RegExp(form, 'm').test(text))
}

function declares(text: string, name: string): boolean {
  return new RegExp(`\\b(?:interface|type|class) ${name}\\b`).test(text)
}

/** The words of a union type. */
function wordsOf(path: string, type: string): readonly string[] {
  const text = sources.find((file) => file.path === path)?.text ?? ''
  const union =
    new RegExp(`export type ${type} =((?:\\s*\\|?\\s*'[\\w-]+')+)`).exec(text)?.[1] ?? ''
  const words = matches(union, /'([\w-]+)'/g)
  assert.ok(words.length > 1, `${type} has moved from ${path}`)
  return words
}
