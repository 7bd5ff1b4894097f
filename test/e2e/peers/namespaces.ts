import { join } from 'node:path'
import { mustRun, startChild, type Child, type ChildOptions } from '../child.ts'
import { program } from '../peers.ts'
import type { Scope } from '../scope.ts'

/** A machine of its own, as far as the network and `/etc/hosts` go. */
export interface Machine {
  /** Its address on the line. */
  readonly address: string
  /** Starts a program there. */
  start(command: string, args: readonly string[], options?: ChildOptions): Child
  /** The command line that runs a program there. */
  command(command: string, args: readonly string[]): readonly [string, readonly string[]]
  /** Runs a shell command there, which must succeed. */
  shell(script: string): Promise<void>
}

/** Two machines with one line between them. */
export interface Line {
  readonly near: Machine
  readonly far: Machine
}

export interface LineOptions {
  /** How late each packet arrives, in milliseconds. */
  readonly delayMs: number
  /** What `/etc/hosts` says on the near machine, besides `localhost`. */
  readonly hosts?: string
}

/**
 * An address on the line behind which nobody is: what is sent there is lost without a word. Resolvers
 * put it last (RFC 6724 §6, rule 5): the machines have no address of its kind.
 */
export const deadIPv6 = '2001:db8::dead'
/** The same of the other family. */
export const deadIPv4 = '10.9.0.99'

/** Of the machines, on the line. */
export const addresses = { near: '10.9.0.1', far: '10.9.0.2' } as const
const env = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' }

/** Makes two machines, and the line between them. Nothing leads anywhere else. */
export async function layLine(scope: Scope, { delayMs, hosts = '' }: LineOptions): Promise<Line> {
  const [near, far, wire] = await Promise.all([
    openNamespace(scope, `127.0.0.1 localhost\n${hosts}\n`),
    openNamespace(scope),
    openNamespace(scope),
  ])
  await wire.shell(`
    ip link add to-near type veth peer name line netns ${near.pid}
    ip link add to-far type veth peer name line netns ${far.pid}
    ip link set to-near up
    ip link set to-far up
  `)
  await Promise.all([plugIn(near, addresses.near), plugIn(far, addresses.far)])
  const script = join(import.meta.dirname, 'delay-line.py')
  const delayLine = wire.start(program('python3'), [script, 'to-near', 'to-far', `${delayMs}`])
  await delayLine.says(/ready/)
  return {
    near: { ...near, address: addresses.near },
    far: { ...far, address: addresses.far },
  }
}

/** Whoever holds a dead address has left the line: an answer that says so would be a quick failure. */
function plugIn(machine: Namespace, address: string): Promise<void> {
  return machine.shell(`
    ip link set lo up
    ip link set line up
    ip address add ${address}/24 dev line
    ip address add fd09::${address.at(-1)}/64 dev line nodad
    ip route add ${deadIPv6} dev line
    ip neighbour add ${deadIPv4} lladdr 02:00:00:00:de:ad dev line
    ip neighbour add ${deadIPv6} lladdr 02:00:00:00:de:ad dev line
  `)
}

/** A machine that is not on any line yet. */
export interface Namespace extends Omit<Machine, 'address'> {
  readonly pid: number
}

/** Lives as long as its first process, which only waits. */
export async function openNamespace(scope: Scope, hosts = ''): Promise<Namespace> {
  const holder = startChild(
    scope,
    program('unshare'),
    ['--net', '--mount', '/bin/sh', '-euc', world, 'world', hosts],
    { env, endSignal: 'SIGKILL' },
  )
  await holder.says(/ready/)
  const enter = [`--target=${holder.pid}`, '--net', '--mount']
  return {
    pid: holder.pid,
    start: (command, args, options) =>
      startChild(scope, program('nsenter'), [...enter, command, ...args], { env, ...options }),
    command: (command, args) => [program('nsenter'), [...enter, command, ...args]],
    async shell(script) {
      await mustRun(scope, program('nsenter'), [...enter, '/bin/sh', '-euc', script], { env })
    },
  }
}

const world = `
  mount --make-rprivate /
  mount -t tmpfs postern-hosts /mnt
  printf '%s' "$1" >/mnt/hosts
  if [ -n "$1" ]; then mount --bind /mnt/hosts /etc/hosts; fi
  echo ready
  exec cat
`
