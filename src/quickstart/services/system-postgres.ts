import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, globSync, mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Launched } from './postgres.ts'
import { sampleData, sampleUser } from './sample-data.ts'

/** Where packages put programs that they do not put on the search path: Debian, Red Hat, Homebrew. */
const usualPlaces = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql*/bin',
  '/usr/local/opt/postgresql*/bin',
]
/** Until a server is asked again whether it is there, in milliseconds. */
const lookAgainMs = 50
/** The name that its socket has in the directory, whatever port it is for. */
const socketName = '.s.PGSQL.5432'
/** Of the one who owns the cluster; nobody comes in by it. */
const owner = 'postgres'
/** Every cluster has it. */
const database = 'postgres'

/**
 * The directory that has `initdb` and `postgres` on this machine. Undefined where there is none, for root, whom both
 * refuse, and on Windows.
 */
export function findPostgres(
  searchPath: string,
  userId: (() => number) | undefined = process.getuid,
): string | undefined {
  if (userId === undefined || userId() === 0) return undefined
  // The newest first; a search path that has one has been given on purpose.
  const usual = usualPlaces.flatMap((place) => globSync(place)).sort(byVersion)
  return [...searchPath.split(delimiter), ...usual].find(
    (directory) => directory !== '' && isThere(directory),
  )
}

function byVersion(one: string, other: string): number {
  return other.localeCompare(one, 'en', { numeric: true })
}

function isThere(directory: string): boolean {
  try {
    for (const name of ['initdb', 'postgres']) accessSync(join(directory, name), constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Makes a cluster in a directory of its own, with the sample data, and starts its server there. Only a socket in that
 * directory (0700) leads to it, and by it only a role that owns two tables: a superuser could run programs as whoever
 * started this, and the gateway's way to it is a port of this machine.
 */
export function launchSystemPostgres(programs: string): Launched {
  const directory = mkdtempSync(join(tmpdir(), 'postern-pg-'))
  const data = join(directory, 'data')
  const postgres = join(programs, 'postgres')
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', postgres, data, directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A Ctrl-C is for all programs of a terminal, and would end the keeper before what it keeps.
    detached: true,
  })
  child.stdin.on('error', () => undefined)
  return {
    child,
    listening: prepare(programs, data).then(async () => {
      child.stdin.write('go\n')
      await untilReady(data, child)
      return { path: join(directory, socketName) }
    }),
    stop: () => child.stdin.end(),
  }
}

/**
 * Waits for the word, runs the server, and stops it at the end of its input: a pipe of this process, which closes
 * however that ends. QUIT is the stop that waits for nobody, and keeps nothing.
 */
const keeper = `exec 3<&0
if read word <&3; then
  "$1" -D "$2" -F -h '' -k "$3" 3<&- </dev/null &
  server=$!
  (cat <&3 >/dev/null; kill -QUIT $server) &
  wait $server
fi
rm -rf "$3"`

/** Without syncing: what is lost with the power is a sample. */
async function prepare(programs: string, data: string): Promise<void> {
  const run = promisify(execFile)
  const options = [
    '--username',
    owner,
    '--encoding',
    'UTF8',
    '--no-locale',
    '--no-sync',
    '--no-instructions',
  ]
  await run(join(programs, 'initdb'), ['--pgdata', data, ...options])
  writeFileSync(join(data, 'pg_hba.conf'), `local ${database} ${sampleUser} trust\n`)
  // Whoever the role is, it may make tables; a statement ends at an empty line (postgres(1), "-j").
  const statements = [
    `create role ${sampleUser} login`,
    `grant create on schema public to ${sampleUser}`,
    `set role ${sampleUser}`,
    ...sampleData.split(';').map((statement) => statement.trim()),
  ].filter((statement) => statement !== '')
  const single = run(join(programs, 'postgres'), ['--single', '-j', '-F', '-D', data, database])
  single.child.stdin?.end(statements.map((statement) => `${statement};\n\n`).join(''))
  await single
}

/**
 * Resolves once the server lets people in; rejects when it has ended before. Its socket is there while it still turns
 * everybody away, so this reads what it tells `pg_ctl`: the eighth line of its file (PostgreSQL's src/include/utils/
 * pidfile.h, LOCK_FILE_LINE_PM_STATUS).
 */
async function untilReady(data: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const told = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
    if (told.split('\n')[7]?.trim() === 'ready') return
    await pause(lookAgainMs)
  }
  throw new Error('its server has ended')
}
