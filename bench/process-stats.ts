import { readFileSync, readdirSync } from 'node:fs'

/** Clock ticks a second in /proc, fixed by the kernel's interface to programs (USER_HZ). */
const ticksPerSecond = 100

/**
 * CPU time a process and its children have used, all their threads together, in seconds.
 * In steps of 10 ms: measure over half a second or more.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html fields 14 (utime) and 15 (stime)
 */
export function cpuSeconds(pid: number): number {
  const ticks = processTree(pid).map((member) => {
    const stat = readFileSync(`/proc/${member}/stat`, 'latin1')
    // The second field is the program's name in parentheses, which may itself contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return sum(ticks) / ticksPerSecond
}

/** Memory a process and its children hold in RAM (VmRSS), in bytes. */
export function residentBytes(pid: number): number {
  const kibibytes = processTree(pid).map((member) => {
    const status = readFileSync(`/proc/${member}/status`, 'latin1')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  })
  return sum(kibibytes) * 1024
}

/** A process and all its descendants: nginx and HAProxy work in children of the one we start. */
function processTree(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
    return text.split(' ').filter(Boolean).map(Number)
  })
  return [pid, ...children.flatMap(processTree)]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
