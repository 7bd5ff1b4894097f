import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { importsOf, type Room, rooms } from '../scripts/rooms.ts'
import { findCycles, findMutualImports, isTest, readSources, type SourceFile } from './sources.ts'

const root = join(import.meta.dirname, '..')

/** Tests may also use the certificates, stores, provider and gateway made for them, and speak the wire. */
const testsMayImport = ['net', 'tunnel', 'store', 'config', 'dev-idp', 'gateway']

/**
 * Who writes to stdout and stderr. A command uses `cli/speech/print.ts` or its voice, which clean
 * what others wrote; each of the others has only words of its own, or cleans them itself (`terminal-text.ts`).
 */
const mayWriteToTerminal = [
  'cli/asking/device-code.ts',
  'cli/completion/completion-run.ts',
  'cli/main.ts',
  'cli/run.ts',
  'cli/speech/print.ts',
  'cli/speech/voice.ts',
  'dev-idp/browser.ts',
  'gateway/start.ts',
  'quickstart/terminal.ts',
  'standard-output.ts',
  'standard-streams.ts',
  'telemetry/log.ts',
]

/**
 * Who reads the environment for a command. `client/` does not: a daemon serves several gateways in one
 * process, each with what it was told.
 */
const mayReadEnvironment = ['cli/process/environment.ts']

/**
 * Who touches the streams of Node.js for 0, 1 and 2. To look at one is enough to make a pipe non-blocking
 * for every program that has it (`standard-streams.ts`).
 */
const mayTouchStreams = ['standard-output.ts', 'standard-streams.ts']

/** Names by which something depends on how Node.js is made, beyond what it documents. */
const runtimeInternals = new RegExp(
  [
    // Fields of its own objects, and its modules.
    String.raw`\._[a-zA-Z]|\['_[a-zA-Z]|\bas any\b|getOwnPropertySymbols`,
    String.raw`process\.binding|node:internal|performServerHandshake`,
    // Methods and listeners that its own code calls or adds for itself; those for bytes may be a relay's own.
    String.raw`\.push = |destroySoon|httpAllowHalfOpen|emit\('listening'|[lL]isteners\('(?!data|drain)|session\.socket\b`,
    String.raw`websocketMask' in|getBuiltinModule\('node:v8'\)|'node:v8'`,
    // Codes of errors that OpenSSL, llhttp and Node give.
    String.raw`ERR_SSL_|HPE_|ERR_HTTP_|ERR_TLS_RENEG|CERTIFICATE_REQUIRED`,
  ].join('|'),
)
/** They say of each name why; nothing else may know one. */
const mayKnowInternals = [
  'net/runtime-http2.ts',
  'net/runtime-tls.ts',
  'net/runtime.ts',
  'standard-streams.ts',
]

const forbiddenFolders = ['utils', 'util', 'common', 'lib', 'helpers', 'helper', 'shared', 'misc']
const maxLines = 400

const files = readSources(root)

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

  test('the table has a row for every folder, and a folder for every row', () => {
    const folders = new Set(files.map(({ path }) => folderOf(path)))
    assert.deepEqual([...folders].sort(), rooms.map(({ folder }) => folder).sort())
  })

  test('a row of the table names only rows above it', () => {
    const wrong = rooms.flatMap((room, index) => {
      const above = rooms.slice(0, index).map(({ folder }) => folder)
      const named = [
        ...importsOf(room),
        ...(room.typesOf ?? []).map((name) => name.split('/')[0] ?? ''),
      ]
      return named.filter((name) => !above.includes(name)).map((name) => `${room.folder} → ${name}`)
    })
    assert.deepEqual(wrong, [])
  })

  test('no two folders import each other, nor a folder and one within it', () => {
    const pairs = [...findMutualImports(files, isOfTests)].map(
      ([pair, [there, back]]) => `${pair}: ${there}, ${back}`,
    )
    assert.deepEqual(pairs, [])
  })

  test('no file reaches itself through its imports, type imports included', () => {
    assert.deepEqual(findCycles(files), [])
  })

  test('tests and benchmarks start programs through program.fixture.ts alone', () => {
    const tests = globSync(
      ['{test,bench,fuzz}/**/*.ts', '{src,scripts}/**/*.{test,suite,fixture}.ts'],
      {
        cwd: root,
      },
    ).filter((path) => path !== join('src', 'program.fixture.ts'))
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

  test('the client is told everything, and the environment read in one place', () => {
    const saying = thatSay(/\bprocess\.(?:env|argv|exit|exitCode|on|once|chdir|cwd)\b/)
    assert.deepEqual(
      saying.filter((path) => path.startsWith('client/')),
      [],
    )
    assert.deepEqual(
      thatSay(/\bprocess\.env\b/).filter((path) => path.startsWith('cli/')),
      mayReadEnvironment,
    )
  })

  test('what depends on the internals of Node.js is in one file', () => {
    assert.deepEqual(thatSay(runtimeInternals), mayKnowInternals)
  })

  test('the names of internals are found, and what is documented is not', () => {
    for (const code of [
      'socket._handle.fd',
      "stream['_readableState']",
      'process.binding("tcp_wrap")',
      'const { length } = (server as any).connections',
      'stream.push = tell',
      "server.emit('listening')",
      'server.httpAllowHalfOpen = true',
      "server.listeners('stream')",
      "socket.removeAllListeners('end')",
      'clients.get(stream.session.socket)',
      '{ ERR_SSL_HTTP_REQUEST: plain }',
    ]) {
      assert.match(code, runtimeInternals)
    }
    for (const code of [
      "server.emit('connection', socket)",
      "import { createServer } from 'node:http'",
      'stream.push(null)',
      'value as unknown as Answer',
      "code === 'ERR_STREAM_PREMATURE_CLOSE'",
    ]) {
      assert.doesNotMatch(code, runtimeInternals)
    }
  })

  test('the cycle finder finds a cycle', () => {
    const cyclic = [file('a.ts', ['b.ts']), file('b.ts', ['c.ts']), file('c.ts', ['a.ts'])]
    assert.deepEqual(findCycles(cyclic), ['a.ts → b.ts → c.ts → a.ts'])
  })

  test('the finder of pairs finds them at any depth, and with types and tests', () => {
    const found = (...sources: readonly SourceFile[]) =>
      [...findMutualImports(sources).keys()].sort()
    const one = file('a/x/one.ts', ['b/y/two.ts'])
    assert.deepEqual(found(one, file('b/y/two.ts', ['a/z/three.ts'])), ['a ↔ b', 'a ↔ b/y'])
    assert.deepEqual(
      found(file('a/one.ts', ['a/x/two.ts']), file('a/x/y/three.ts', ['a/four.ts'])),
      ['a ↔ a/x'],
    )
    assert.deepEqual(found(file('a/x/1.ts', ['a/y/2.ts']), file('a/y/3.test.ts', ['a/x/4.ts'])), [
      'a/x ↔ a/y',
    ])
    assert.deepEqual(found(file('a/1.ts', ['2.ts']), file('3.ts', ['a/b/4.ts'])), ['. ↔ a'])
  })

  test('folders that import one way are no pair', () => {
    const oneWay = [
      file('a/one.ts', ['a/x/two.ts', 'a/y/three.ts', 'b/four.ts']),
      file('a/y/three.ts', ['a/x/two.ts', 'b/four.ts']),
    ]
    assert.deepEqual([...findMutualImports(oneWay)], [])
  })

  test('the table check refuses what the table does not name', () => {
    assert.equal(isAllowed('policy/x.ts', 'store/store.ts'), false)
    assert.equal(isAllowed('address.ts', 'net/relay.ts'), false)
    assert.equal(isAllowed('gateway/x.ts', 'client/x.ts'), false)
    assert.equal(isAllowed('gateway/x.ts', 'errors.ts'), true)
    assert.equal(isAllowed('console/x.ts', 'gateway/parts.ts', true), true)
    assert.equal(isAllowed('console/x.ts', 'gateway/parts.ts'), false)
    assert.equal(isAllowed('console/x.ts', 'config/config.ts', true), false)
    assert.equal(isAllowed('cli/x.ts', 'dev-idp/x.ts'), false)
    assert.equal(isAllowed('quickstart/x.ts', 'dev-idp/x.ts'), true)
    assert.equal(isAllowed('attic/x.ts', 'net/relay.ts'), false)
    const types = [{ folder: 'a', question: '', mayImport: [], typesOf: ['b'] }]
    assert.equal(isAllowed('a/x.ts', 'b/y.ts', true, types), true)
    assert.equal(isAllowed('a/x.ts', 'b/y.ts', false, types), false)
    const ofFolder = [{ folder: 'a', question: '', mayImport: [], typesOf: ['b/c'] }]
    assert.equal(isAllowed('a/x.ts', 'b/c/y.ts', true, ofFolder), true)
    assert.equal(isAllowed('a/x.ts', 'b/y.ts', true, ofFolder), false)
  })
})

function isAllowed(
  path: string,
  target: string,
  isType = false,
  table: readonly Room[] = rooms,
): boolean {
  const [from, to] = [folderOf(path), folderOf(target)]
  if (to === 'kernel' || to === from) return true
  if (isOfTests(path, target)) return true
  const room = table.find(({ folder }) => folder === from)
  if (room === undefined) return false
  const typesOf = room.typesOf ?? []
  const isOf = (name: string): boolean =>
    [to, target].includes(name) || target.startsWith(`${name}/`)
  if (isType && typesOf.some(isOf)) return true
  return importsOf(room, table).includes(to)
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : 'kernel'
}

function isOfTests(path: string, target: string): boolean {
  return isTest(path) && testsMayImport.includes(folderOf(target))
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

function file(path: string, imports: readonly string[], text = ''): SourceFile {
  return { path, imports, text, typeImports: [] }
}
