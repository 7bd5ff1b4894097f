import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Scope } from '../e2e/scope.ts'

/** Where a program may use so much memory and no more. */
export interface MemoryCage {
  /** The command that becomes the program behind it. */
  readonly launcher: readonly string[]
  /** Whether the kernel holds the program to it; otherwise its heap alone is, and its RSS says the rest. */
  readonly isKept: boolean
}

const roots = {
  v1: { folder: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  v2: { folder: '/sys/fs/cgroup', limit: 'memory.max' },
} as const

/** Makes a control group, of either version, where that can be done; it is removed with the scope. */
export function createMemoryCage(scope: Scope, maxBytes: number): MemoryCage {
  for (const { folder, limit } of Object.values(roots)) {
    const group = `${folder}/postern-test-${process.pid}`
    try {
      mkdirSync(group)
      scope.defer(() => remove(group))
      if (!existsSync(`${group}/${limit}`)) continue
      writeFileSync(`${group}/${limit}`, String(maxBytes))
      // The shell joins before it becomes the program, so that Node sees the limit as it starts.
      const join = 'echo $$ > "$0" && exec "$@"'
      return { launcher: ['sh', '-c', join, `${group}/cgroup.procs`], isKept: true }
    } catch {
      // Not root, or no controller for memory here: the next.
    }
  }
  const heapMib = Math.floor(maxBytes / 2 / 1024 / 1024)
  return { launcher: ['env', `NODE_OPTIONS=--max-old-space-size=${heapMib}`], isKept: false }
}

/**
 * Memory of a process, in MiB: all that is resident, and what of it is its own. The rest are pages of the
 * program's file, which the kernel takes back before a group with a limit runs short.
 */
export async function memoryOf(pid: number): Promise<{ resident: number; own: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
  return { resident: read('VmRSS'), own: read('RssAnon') }
}

const removeStepMs = 50
const removeTries = 40

/** The kernel lets go of a group a moment after its last process is gone. */
async function remove(group: string): Promise<void> {
  for (let left = removeTries; left > 0; left -= 1) {
    try {
      return rmdirSync(group)
    } catch {
      await wait(removeStepMs)
    }
  }
}
