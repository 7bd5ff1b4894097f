// The one way in which tests and benchmarks start programs: with an environment of the program's own,
// without the terminal of whoever runs the tests, and ended with the test process however that ends.
// Node's test runner sets FORCE_COLOR when it writes to a terminal, a developer's shell has a proxy,
// `POSTERN_…`, `PGHOST` or an agent for SSH, and a program that asks for a password opens /dev/tty:
// none of it may decide whether a test passes.
import { spawn, spawnSync } from 'node:child_process'
import type {
  ChildProcess,
  ChildProcessWithoutNullStreams,
  SpawnOptions,
  SpawnSyncReturns,
} from 'node:child_process'
import { chmodSync, mkdtempSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** What a program under test is given; the rest of `SpawnOptions` is decided here. */
export interface ProgramOptions extends Pick<
  SpawnOptions,
  'cwd' | 'uid' | 'gid' | 'stdio' | 'timeout'
> {
  /** Added to the environment of every program. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What a program that ran to its end has left. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Longest run of a program that the test process waits for without doing anything else, in milliseconds. */
const maxSyncMs = 60_000
const isUnix = process.platform !== 'win32'

/**
 * What is handed on: where programs are, where temporary files go, what Windows cannot do without, and
 * where Node.js keeps what it has compiled, without which a start costs twice as much.
 */
const handedOn: readonly string[] = [
  'PATH',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'NODE_COMPILE_CACHE',
  // A guard that is taken away (`npm run guards`) is so in the programs of its test as well.
  ...(process.env['POSTERN_PLANT'] === undefined
    ? []
    : ['NODE_OPTIONS', 'POSTERN_PLANT', 'POSTERN_PLANT_NOTE']),
]

/**
 * The environment of a program under test. Its home is empty and belongs to this test process, and with it
 * what `XDG_…` would name; its language is the same everywhere.
 */
export function programEnvironment(more: ProgramOptions['env'] = {}): Record<string, string> {
  const own = handedOn.map((name) => [name, process.env[name]] as const)
  const fixed = [
    ['LANG', 'C'],
    // Times are told in the zone of whoever reads them.
    ['TZ', 'UTC'],
    ['HOME', undertaker().home],
  ] as const
  const all = [...own, ...fixed, ...Object.entries(more)]
  return Object.fromEntries(
    all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )
}

/** Starts a program, which is ended with this process at the latest. Without `stdio` its three are pipes. */
export function spawnProgram(
  command: string,
  args: readonly string[],
  options?: ProgramOptions & { readonly stdio?: 'pipe' },
): ChildProcessWithoutNullStreams
export function spawnProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): ChildProcess
export function spawnProgram(
  command: string,
  args: readonly string[],
  { env, ...options }: ProgramOptions = {},
): ChildProcess {
  const child = spawn(command, args, {
    stdio: 'pipe',
    ...options,
    ...alone,
    env: programEnvironment(env),
  })
  const { pid } = child
  if (pid !== undefined) {
    undertaker().note('+', pid)
    child.once('exit', () => isGroupGone(pid) && undertaker().note('-', pid))
  }
  return child
}

/** Runs a program to its end, with `input` on its stdin. Rejects when it cannot be started. */
export async function runProgram(
  command: string,
  args: readonly string[],
  { input = '', ...options }: Omit<ProgramOptions, 'stdio'> & { readonly input?: string } = {},
): Promise<Ended> {
  const child = spawnProgram(command, args, options)
  // A program that ends before its input does is judged by its exit code.
  child.stdin.on('error', () => undefined).end(input)
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve([code, signal]))
  })
  const [[code, signal], stdout, stderr] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, signal, stdout, stderr }
}

/**
 * Runs a short program to its end while this process stands still. Nobody ends it when this process is
 * killed meanwhile: only for what ends by itself.
 */
export function runProgramSync(
  command: string,
  args: readonly string[],
  { env, cwd }: Pick<ProgramOptions, 'env' | 'cwd'> = {},
): SpawnSyncReturns<string> {
  const result = spawnSync(command, args, {
    cwd,
    ...alone,
    env: programEnvironment(env),
    encoding: 'utf8',
    timeout: maxSyncMs,
  })
  if (result.error !== undefined) throw result.error
  return result
}

/**
 * A session of its own (setsid): whoever opens /dev/tty in it is told that there is none. Windows would
 * give a console window instead.
 */
const alone = { detached: isUnix }

interface Undertaker {
  /** The home of the programs, removed at the end. */
  readonly home: string
  /** Tells of a process group that is there (`+`) or gone (`-`). */
  note(change: '+' | '-', group: number): void
}

/** Reads groups until its stdin ends, which the kernel sees to; then ends them and removes the home. */
const burial = `
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for signal in TERM KILL; do
  left=
  for group in $groups; do kill -s $signal -- "-$group" 2>/dev/null && left=1; done
  [ -z "$left" ] || [ $signal = KILL ] || sleep 1
done
rm -rf -- "$1"
`

let made: Undertaker | undefined

/**
 * A shell that outlives this process for a moment: programs in sessions of their own hear no Ctrl-C, and
 * no handler of ours runs when this process is killed.
 */
function undertaker(): Undertaker {
  if (made !== undefined) return made
  const home = mkdtempSync(join(tmpdir(), 'postern-home-'))
  // Programs that run as another user may look into it.
  chmodSync(home, 0o711)
  if (!isUnix) return (made = { home, note: () => undefined })
  const shell = spawn('/bin/sh', ['-c', burial, 'sh', home], {
    stdio: ['pipe', 'ignore', 'ignore'],
    ...alone,
  })
  shell.unref()
  const stdin = shell.stdin as Socket
  // Bun's has no such thing, and holds up nothing.
  if ('unref' in stdin) stdin.unref()
  stdin.on('error', () => undefined)
  return (made = { home, note: (change, group) => void stdin.write(`${change} ${group}\n`) })
}

/** Whether nobody is left of a group; its number may then be another program's. */
function isGroupGone(group: number): boolean {
  try {
    process.kill(-group, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
