import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { systemCode } from '../../errors.ts'

/** What can be told of a process by its id. */
export interface ProcessState {
  /** False for one that has ended, a zombie included. */
  readonly isRunning: boolean
  /**
   * When it started, as the system writes it: with the id it names one process, since ids are used again.
   * Undefined where that cannot be found out.
   */
  readonly start: string | undefined
}

const gone: ProcessState = { isRunning: false, start: undefined }

/** Looks a process up: in `/proc` where there is one, by `ps` elsewhere, else by its id alone. */
export async function stateOfProcess(pid: number): Promise<ProcessState> {
  if (!hasId(pid)) return gone
  if (process.platform === 'linux') return stateInProc(pid)
  return process.platform === 'win32' ? { isRunning: true, start: undefined } : stateByPs(pid)
}

/** Signal 0 asks whether it is there (kill(2)); somebody else's may not be asked. */
function hasId(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** proc_pid_stat(5): the name may hold blanks and brackets, so fields count from the last `)`. */
const fieldsFromState = { state: 0, starttime: 19 } as const

async function stateInProc(pid: number): Promise<ProcessState> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return stateOf(fields[fieldsFromState.state], fields[fieldsFromState.starttime])
  } catch (error) {
    // A /proc that hides others' processes tells nothing of them.
    return systemCode(error) === 'ESRCH' ? gone : { isRunning: hasId(pid), start: undefined }
  }
}

/** @limit none: time for `ps` to tell of one process */
const psTimeoutMs = 2_000

async function stateByPs(pid: number): Promise<ProcessState> {
  try {
    // POSIX has no name for the start; `lstart` is what BSD, macOS and procps call it.
    const args = ['-o', 'stat=,lstart=', '-p', String(pid)]
    // Nothing else of the environment: the time is to be written the same way by whoever asks.
    const env = { LC_ALL: 'C' }
    const { stdout } = await promisify(execFile)('/bin/ps', args, { timeout: psTimeoutMs, env })
    const [, state, start] = /^\s*(\S+)\s+(.*?)\s*$/.exec(stdout) ?? []
    return stateOf(state, start)
  } catch {
    return { isRunning: hasId(pid), start: undefined }
  }
}

/** A zombie has ended; its id lives until its parent asks. */
function stateOf(state: string | undefined, start: string | undefined): ProcessState {
  return state?.startsWith('Z') === true || state?.startsWith('X') === true
    ? gone
    : { isRunning: true, start: start === '' ? undefined : start }
}
