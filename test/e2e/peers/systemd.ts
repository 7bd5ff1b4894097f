import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { basename, dirname, join } from 'node:path'
import { inTime, mustRun, runChild, startChild, type Child, type Result } from '../child.ts'
import { program } from '../peers.ts'
import type { Scope } from '../scope.ts'
import { executable } from '../../postern-program.ts'

/** A machine that systemd has started, with this one's programs and network and nothing of its own lasting. */
export interface SystemdMachine {
  /** What a command line of `postern` begins with there: paths with what systemd's syntax has other meanings for. */
  readonly program: readonly [string, ...string[]]
  /** Runs a program there to its end. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<Result>
  /** The same, which must succeed; resolves to what it says. */
  must(command: string, ...args: string[]): Promise<string>
  /** What a unit says, as it says it. */
  journal(unit: string): Child
  /** Runs `postern` there to its end. */
  postern(...args: string[]): Promise<Result>
  read(path: string): Promise<string>
  write(path: string, text: string, mode?: number): Promise<void>
  /** Copies a file of this machine there. Resolves to its path. */
  bring(path: string): Promise<string>
  /** Resolves once properties of a unit are these. */
  until(unit: string, properties: Readonly<Record<string, string>>): Promise<void>
}

const project = join(import.meta.dirname, '..', '..', '..')
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }
const place = '/opt/50% off $HOME'
const posternThere: readonly [string, ...string[]] =
  executable === undefined
    ? [`${place}/program`, `${place}/postern/src/cli/main.ts`]
    : [`${place}/program`]

export async function startSystemd(scope: Scope): Promise<SystemdMachine> {
  const base = join(scope.directory, 'systemd')
  await mkdir(base)
  const script = join(import.meta.dirname, 'systemd-world.sh')
  const world = ['/bin/sh', script, 'outside', base, project, executable ?? process.execPath]
  const child = startChild(scope, program('unshare'), ['--mount', ...world], { env })
  const [, pid = ''] = await child.says(/^machine (\d+)$/m)
  const first = await firstProcess(Number(pid), child)
  const flags = ['--pid', '--mount', '--uts', '--ipc', '--cgroup', '--root', '--wd']
  const enter = [`--target=${first}`, ...flags, '--']

  const run: SystemdMachine['run'] = (command, args, more) =>
    runChild(scope, program('nsenter'), [...enter, command, ...args], { env: { ...env, ...more } })
  const must: SystemdMachine['must'] = async (command, ...args) => {
    const nsenter = [...enter, command, ...args]
    return (await mustRun(scope, program('nsenter'), nsenter, { env })).output
  }
  const inside = (path: string): string => `/proc/${first}/root${path}`
  await must('/bin/sh', '-euc', untilUp)
  return {
    program: posternThere,
    run,
    must,
    journal(unit) {
      const follow = ['journalctl', '--follow', '--lines=all', '--output=cat', '--unit', unit]
      return startChild(scope, program('nsenter'), [...enter, ...follow], { env })
    },
    postern(...args) {
      const [command, ...first] = posternThere
      return run(command, [...first, ...args])
    },
    read: (path) => readFile(inside(path), 'utf8'),
    async write(path, text, mode = 0o644) {
      await mkdir(dirname(inside(path)), { recursive: true })
      await writeFile(inside(path), text, { mode })
    },
    async bring(path) {
      const there = `/root/${basename(path)}`
      await copyFile(path, inside(there))
      return there
    },
    async until(unit, properties) {
      const wanted = Object.entries(properties).map(([name, value]) => `${name}=${value}`)
      const args = [unit, wanted.toSorted().join('\n'), Object.keys(properties).join(',')]
      const { ending, errors } = await run('/bin/sh', ['-euc', untilShown, 'until', ...args])
      if (ending !== 0) throw new Error(`"${unit}" is not ${wanted.join(' ')} but ${errors}`)
    },
  }
}

/** systemd tells nobody outside what becomes of a unit: it is asked, for half a minute. */
const untilShown = `
  for _ in $(seq 300); do
    shown=$(systemctl show --property="$3" "$1" | sort)
    [ "$shown" != "$2" ] || exit 0
    sleep 0.1
  done
  echo "$shown" >&2
  exit 1
`

/** In milliseconds. */
const pollMs = 100

/** The child of `unshare --fork`, by its number here. */
async function firstProcess(unsharePid: number, child: Child): Promise<number> {
  const path = `/proc/${unsharePid}/task/${unsharePid}/children`
  const found = async (): Promise<number> => {
    for (;;) {
      const pid = Number((await readFile(path, 'utf8')).trim())
      if (pid > 0 && (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === 'systemd') return pid
      await delay(pollMs)
    }
  }
  return inTime(found(), () => `systemd did not start: ${child.errors()}`)
}

const untilUp = `until systemctl --quiet is-active multi-user.target; do sleep 0.1; done`
