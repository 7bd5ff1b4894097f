import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { startChild, type Child } from './child.ts'
import type { Scope } from './scope.ts'

export const root = join(import.meta.dirname, '..', '..')
export const example = join(root, 'examples', 'ssh-tcp-l4-passthrough')

/** What the example's scripts find of this machine: programs, and a place of their own. */
export function runEnvironment(scope: Scope): Record<string, string> {
  const path = [dirname(process.execPath), '/usr/bin', '/bin', '/usr/sbin', '/sbin']
  return { PATH: path.join(':'), TMPDIR: join(scope.directory, 'tmp'), HOME: scope.directory }
}

/** Starts `run-local.sh`. */
export async function startExample(
  scope: Scope,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  await mkdir(join(scope.directory, 'tmp'), { recursive: true })
  return startChild(scope, join(example, 'run-local.sh'), options, {
    env: { ...runEnvironment(scope), ...env },
  })
}

/** The example with sshd, gateway and edge running, for whoever goes on by hand. */
export interface HeldExample {
  /** Where configurations, certificates and logs are. */
  readonly directory: string
  /** Of the edge. */
  readonly origin: string
  /** Whom sshd knows. */
  readonly user: string
}

export async function holdExample(
  scope: Scope,
  options: readonly string[] = [],
): Promise<HeldExample> {
  const child = await startExample(scope, ['--hold', ...options])
  const [, origin = ''] = await child.says(/the edge is (\S+)/)
  const [, user = ''] = await child.says(/ssh signs in as (\S+)/)
  const [, directory = ''] = await child.says(/everything is in (\S+);/)
  return { directory, origin, user }
}
