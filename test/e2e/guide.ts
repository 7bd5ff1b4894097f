import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import {
  inTime,
  mustRun,
  runChild,
  startChild,
  type Child,
  type ChildOptions,
  type Result,
} from './child.ts'
import { personAt, type Person } from './person.ts'
import { type GatewayRig, type RouteEntry } from './rig.ts'
import { posternInShell } from '../postern-program.ts'
import type { Scope } from './scope.ts'

/** A page of `docs/services`, as the list of what its reader types, saves and reads. */
export interface Guide {
  /** The one command that matches, with what stands in for the reader's machine. */
  command(pattern: RegExp): string
  /** Every command that nobody has asked for yet, in their order. */
  commands(): string[]
  /** The one block of this language that matches, whole. */
  block(language: string, pattern?: RegExp): string
  /** The routes of the one YAML block. */
  routes(): readonly RouteEntry[]
  /** Throws when the page says something that was not asked for, and no list says why. */
  finish(): void
}

export interface GuideOptions {
  /** What the page says, and what this machine has in its place, such as a port that is free. */
  readonly standIns?: Readonly<Record<string, string>>
  /** First lines of blocks that the page marks as not run, with the reason that it gives. */
  readonly notRun?: Readonly<Record<string, string>>
}

interface Piece {
  readonly language: string
  readonly text: string
  isTaken: boolean
}

const guides = join(import.meta.dirname, '..', '..', 'docs', 'services')
/** A fenced block, with the mark that it may have in the line above. */
const fence = /(?:^_Not run by the tests: (.+)\._\n\n)?^```([a-z]*)\n([\s\S]*?)^```$/gm

/** Reads `docs/services/NAME.md`. Rejects when a stand-in stands for nothing, or a mark is unknown. */
export async function openGuide(name: string, options: GuideOptions = {}): Promise<Guide> {
  return readGuide(await readFile(join(guides, `${name}.md`), 'utf8'), options)
}

/** The same, of a page's text. */
export function readGuide(page: string, { standIns = {}, notRun = {} }: GuideOptions = {}): Guide {
  const blocks = [...page.matchAll(fence)].map(([, reason, language = '', text = '']) => ({
    reason,
    language,
    text,
  }))
  if (page.split('```').length - 1 !== 2 * blocks.length) {
    throw new Error('the guide has a block that is not at the beginning of its lines')
  }
  checkMarks(blocks, notRun)
  const run = blocks.filter(({ reason }) => reason === undefined)
  checkStandIns(run, standIns)
  const pieces = run.flatMap(({ language, text }): Piece[] =>
    (language === 'sh' ? commands(text) : [text]).map((part) => ({
      language,
      text: part,
      isTaken: false,
    })),
  )

  function take(language: string, pattern: RegExp): string {
    const found = pieces.filter((piece) => piece.language === language && pattern.test(piece.text))
    const [piece] = found
    if (piece === undefined || found.length > 1) {
      throw new Error(`the guide has ${found.length} pieces of "${language}" like ${pattern}`)
    }
    return taken(piece)
  }

  function taken(piece: Piece): string {
    piece.isTaken = true
    return Object.entries(standIns).reduce(
      (text, [said, standIn]) => text.replaceAll(said, standIn),
      piece.text,
    )
  }

  return {
    command: (pattern) => take('sh', pattern),
    commands: () =>
      pieces.filter(({ language, isTaken }) => language === 'sh' && !isTaken).map(taken),
    block: (language, pattern = /(?:)/) => take(language, pattern),
    routes: () => (parse(take('yaml', /(?:)/)) as { routes: RouteEntry[] }).routes,
    finish() {
      const left = pieces.filter(({ isTaken }) => !isTaken).map(({ text }) => text)
      if (left.length > 0) throw new Error(`the guide says what no test runs:\n${left.join('\n')}`)
    },
  }
}

/** The commands of a shell block: lines, joined where one ends in a backslash, without comments. */
function commands(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#\s.*$/, '').trim())
    .filter((line) => line !== '')
}

/** The page's marks and the test's list say the same, in both directions. */
function checkMarks(
  blocks: readonly { readonly reason: string | undefined; readonly text: string }[],
  notRun: Readonly<Record<string, string>>,
): void {
  const marked = new Map(
    blocks.flatMap(({ reason, text }) =>
      reason === undefined ? [] : [[text.split('\n')[0] ?? '', reason]],
    ),
  )
  for (const [line, reason] of marked) {
    if (notRun[line] !== reason) throw new Error(`the test's list lacks "${line}": ${reason}`)
  }
  for (const line of Object.keys(notRun)) {
    if (!marked.has(line)) throw new Error(`the guide does not mark "${line}" as not run`)
  }
}

function checkStandIns(
  blocks: readonly { readonly text: string }[],
  standIns: Readonly<Record<string, string>>,
): void {
  for (const said of Object.keys(standIns)) {
    if (!blocks.some(({ text }) => text.includes(said))) {
      throw new Error(`the guide nowhere says "${said}"`)
    }
  }
}

/**
 * Somebody whose `postern tcp` and `postern access` find the rig's gateway by themselves, as a reader's
 * do: there the gateway listens on port 443 of the host that is asked for, has a certificate of a known
 * authority, and there is a browser.
 */
export async function readerAt(
  scope: Scope,
  rig: Pick<GatewayRig, 'origin' | 'caFile'>,
  email: string,
): Promise<Person> {
  const person = await personAt(scope, rig, email)
  const tools = join(scope.directory, 'tools of a reader')
  await mkdir(tools)
  const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')
  const [, ...options] = person.tcpArgs('').slice(0, -1)
  const withoutBrowser = options.slice(0, options.indexOf('--browser-cmd'))
  const lines = [
    '#!/bin/sh',
    'what=$1; shift',
    '[ "$what" = access ] && { what="access $1"; shift; }',
    'case $what in',
    `'access token') exec ${posternInShell} $what ${quoted(withoutBrowser)} "$@" ;;`,
    `tcp | connect | access*) exec ${posternInShell} $what ${quoted(options)} "$@" ;;`,
    'esac',
    'exit 2',
    '',
  ]
  await writeFile(join(tools, 'postern'), lines.join('\n'), { mode: 0o755 })
  return { ...person, env: { ...person.env, PATH: `${tools}:${person.env['PATH'] ?? ''}` } }
}

type Machine = Pick<Person, 'home' | 'env'>
type LineOptions = Pick<ChildOptions, 'env' | 'endSignal'> & { readonly input?: string | Buffer }

/** Runs a command of a guide to its end, in the person's home; it must succeed. */
export async function runLine(
  scope: Scope,
  { home, env }: Machine,
  line: string,
  { input = '', env: more = {} }: LineOptions = {},
): Promise<Result> {
  try {
    return await mustRun(scope, '/bin/sh', ['-c', line], {
      cwd: home,
      env: { ...env, ...more },
      input,
    })
  } catch (error) {
    throw new Error(`the guide's command failed: ${line}`, { cause: error })
  }
}

/** Runs a command that must fail, and say so: a guide's own with something wrong in it. */
export async function failLine(
  scope: Scope,
  { home, env }: Machine,
  line: string,
  words: RegExp,
  input = '',
): Promise<void> {
  const result = await runChild(scope, '/bin/sh', ['-c', line], { cwd: home, env, input })
  assert.notEqual(result.ending, 0, line)
  assert.match(`${result.errors}${result.output}`, words, line)
}

/** Leaves a command of a guide running. */
export function openLine(
  scope: Scope,
  { home, env }: Machine,
  line: string,
  { env: more = {}, ...options }: Pick<LineOptions, 'env' | 'endSignal'> = {},
): Child {
  return startChild(scope, '/bin/sh', ['-c', `exec ${line}`], {
    ...options,
    cwd: home,
    env: { ...env, ...more },
  })
}

/** The same for a command that opens a local port: resolves when it listens. */
export async function listenLine(scope: Scope, machine: Machine, line: string): Promise<Child> {
  const child = openLine(scope, machine, line)
  await child.says(/listening on 127\.0\.0\.1:\d+/)
  return child
}

/** Ends what listens, and opens the same local port by another command. */
export async function listenInstead(
  scope: Scope,
  machine: Machine,
  listening: Child,
  line: string,
): Promise<Child> {
  listening.signal('SIGTERM')
  await inTime(listening.ended, () => 'it goes on listening')
  return listenLine(scope, machine, line)
}
