import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** What each folder may import besides the kernel and itself: the table of docs/architecture.md. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  net: [],
  policy: [],
  identity: ['net', 'store'],
  store: [],
  telemetry: [],
  tunnel: ['net'],
  gateway: ['net', 'tunnel', 'identity', 'policy', 'store', 'telemetry'],
  console: ['identity', 'policy', 'store', 'telemetry'],
  web: [],
  client: ['net', 'tunnel'],
  'dev-idp': ['net'],
  quickstart: [
    'net',
    'tunnel',
    'identity',
    'policy',
    'store',
    'telemetry',
    'gateway',
    'console',
    'client',
    'dev-idp',
  ],
  cli: [
    'net',
    'tunnel',
    'identity',
    'policy',
    'store',
    'telemetry',
    'gateway',
    'console',
    'client',
    'quickstart',
  ],
}

/** Single files beyond the table; of each, whoever is on the left may import types only. */
const mayImportTypes: Readonly<Record<string, readonly string[]>> = {
  console: ['gateway/parts.ts'],
  web: ['console/portal-view.ts'],
}

/** Tests may also use the certificates and the provider made for them. */
const testsMayImport = ['net', 'dev-idp']

/**
 * Who writes to stdout and stderr. A command uses `cli/speech/print.ts` or its voice, which clean
 * what others wrote; each of the others has only words of its own, or cleans them itself (`terminal-text.ts`).
 */
const mayWriteToTerminal = [
  'cli/asking/device-code.ts',
  'cli/main.ts',
  'cli/run.ts',
  'cli/speech/print.ts',
  'cli/speech/voice.ts',
  'dev-idp/browser.ts',
  'gateway/start.ts',
  'quickstart/main.ts',
  'quickstart/terminal.ts',
  'standard-output.ts',
  'telemetry/log.ts',
]

/**
 * Who touches the streams of Node.js for 0, 1 and 2. To look at one is enough to make a pipe non-blocking
 * for every program that has it (`standard-streams.ts`).
 */
const mayTouchStreams = ['standard-output.ts', 'standard-streams.ts']

const forbiddenFolders = ['utils', 'util', 'common', 'lib', 'helpers', 'helper', 'shared', 'misc']
const maxLines = 400

interface SourceFile {
  /** Relative to `src`, such as `net/relay.ts`. */
  readonly path: string
  readonly text: string
  /** Relative to `src`; only imports of our own files. */
  readonly imports: readonly string[]
  /** Those of them that are `import type`. */
  readonly typeImports: readonly string[]
}

const files = readSources()

describe('architecture', () => {
  test('the sources were found', () => {
    assert.ok(files.length > 10, `only ${files.length} files`)
  })

  test('every folder imports only what its row of the table allows', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((target) => !isAllowed(file.path, target, file.typeImports.includes(target)))
        .map((target) => `${file.path} → ${target}`),
    )
    assert.deepEqual(wrong, [])
  })

  test('no file reaches itself through its imports, type imports included', () => {
    assert.deepEqual(findCycles(files), [])
  })

  test('tests and benchmarks start programs through program.fixture.ts alone', () => {
    const tests = globSync(['{test,bench}/**/*.ts', '{src,scripts}/**/*.{test,suite,fixture}.ts'], {
      cwd: root,
    }).filter((path) => path !== join('src', 'program.fixture.ts'))
    assert.ok(tests.length > 100, `only ${tests.length} files`)
    const wrong = tests.filter((path) => startsPrograms(readFileSync(join(root, path), 'utf8')))
    assert.deepEqual(wrong, [])
  })

  test('whoever starts programs by itself, or hands on its environment, is found', () => {
    const [module, environment] = ["'node:child_process'", 'process.env']
    assert.equal(startsPrograms(`import { spawn } from ${module}`), true)
    assert.equal(startsPrograms(`const env = { ...${environment}, A: '1' }`), true)
    assert.equal(startsPrograms(`start(command, { env: ${environment} })`), true)
    assert.equal(startsPrograms(`import type { ChildProcess } from ${module}`), false)
    assert.equal(startsPrograms(`if (${environment}['CI'] === 'true') throw error`), false)
  })

  test('no folder is a drawer for everything', () => {
    const wrong = files.filter(({ path }) =>
      dirname(path)
        .split('/')
        .some((part) => forbiddenFolders.includes(part)),
    )
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    )
  })

  test(`no file is longer than ${maxLines} lines`, () => {
    const long = files.filter(
      ({ path, text }) => !isTest(path) && text.split('\n').length > maxLines,
    )
    assert.deepEqual(
      long.map(({ path }) => path),
      [],
    )
  })

  test('whatever writes to the terminal is among the few files that clean what they show', () => {
    const pattern = /\bstandardOutput\([12]\)|\bwriteResult\b|\bwriteSync\(|\bconsole\.\w+\(/
    assert.deepEqual(
      thatSay(pattern).filter((path) => path !== 'line-output.ts'),
      mayWriteToTerminal,
    )
  })

  test('no pipe that others share is made non-blocking', () => {
    assert.deepEqual(thatSay(/\bprocess\.std(?:in|out|err)\b/), mayTouchStreams)
  })

  test('the cycle finder finds a cycle', () => {
    const cyclic = [file('a.ts', ['b.ts']), file('b.ts', ['c.ts']), file('c.ts', ['a.ts'])]
    assert.deepEqual(findCycles(cyclic), ['a.ts → b.ts → c.ts → a.ts'])
  })

  test('the table check refuses what the table does not name', () => {
    assert.equal(isAllowed('policy/x.ts', 'store/store.ts'), false)
    assert.equal(isAllowed('address.ts', 'net/relay.ts'), false)
    assert.equal(isAllowed('gateway/x.ts', 'client/x.ts'), false)
    assert.equal(isAllowed('gateway/x.ts', 'errors.ts'), true)
    assert.equal(isAllowed('console/x.ts', 'gateway/parts.ts', true), true)
    assert.equal(isAllowed('console/x.ts', 'gateway/parts.ts'), false)
    assert.equal(isAllowed('console/x.ts', 'gateway/app.ts', true), false)
  })
})

function isAllowed(path: string, target: string, isType = false): boolean {
  const [from, to] = [folderOf(path), folderOf(target)]
  if (to === 'kernel' || to === from) return true
  if (isTest(path) && testsMayImport.includes(to)) return true
  if (isType && mayImportTypes[from]?.includes(target)) return true
  // The table lists every folder there is; a new one gets a row first.
  return (mayImport[from] ?? []).includes(to)
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : 'kernel'
}

/** Types of processes may be imported, and single variables read: they are for the test itself. */
function startsPrograms(text: string): boolean {
  const starts = /(?<!import type [^\n]*)(?:from|import|require)\s*\(?\s*'(?:node:)?child_process'/
  return starts.test(text) || /(?:\.\.\.|env: )process\.env\b(?!\[|\.)/.test(text)
}

/** The files but tests whose code, comments aside, fits. */
function thatSay(pattern: RegExp): string[] {
  const code = (text: string): string => text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const saying = files.filter(({ path, text }) => !isTest(path) && pattern.test(code(text)))
  return saying.map(({ path }) => path)
}

function isTest(path: string): boolean {
  return /\.(test|suite|fixture)\.tsx?$/.test(path)
}

function findCycles(sources: readonly SourceFile[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const target of byPath.get(path)?.imports ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return cycles
}

function readSources(): SourceFile[] {
  const paths = globSync('src/**/*.{ts,tsx}', { cwd: root }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  return paths.sort().map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const find = (pattern: RegExp): string[] =>
      [...text.matchAll(pattern)].map(([, target = '']) =>
        relative('src', normalize(join(dirname(path), target))),
      )
    const imports = find(/(?:from|import)\s*\(?\s*'(\.[^']+\.tsx?)'/g)
    const typeImports = find(/import type [^']+ from '(\.[^']+\.tsx?)'/g)
    return { ...file(relative('src', path), imports, text), typeImports }
  })
}

function file(path: string, imports: readonly string[], text = ''): SourceFile {
  return { path, imports, text, typeImports: [] }
}
