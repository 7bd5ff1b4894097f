import { execFile } from 'node:child_process'
import { existsSync, lstatSync, readlinkSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { runKey, runValueName } from '../../autostart/windows-command.ts'
import type { SessionStart } from './install-plan.ts'

/** How long a program of the system may take, in milliseconds. */
const programMs = 30_000
const run = promisify(execFile)

/** Without systemd as the first process there is no manager of a user either (sd_booted(3)). */
const bootedBySystemd = '/run/systemd/system'

/** When the daemon starts then; Windows begins with the next session. */
export function whenItStarts({ kind }: SessionStart): string {
  return kind === 'windows' ? 'with each session' : 'now and with each session'
}

/**
 * Asks the system to start the daemon, with each session and now; one that runs already stays in its place. Answers
 * what to do instead where that did not work.
 */
export async function beginWithSession(start: SessionStart): Promise<string | undefined> {
  if (start.kind === 'systemd') {
    const didWork =
      (await works('systemctl', ['--user', 'daemon-reload'])) &&
      (await works('systemctl', ['--user', 'enable', '--now', '--quiet', start.unit]))
    if (didWork) return undefined
    return existsSync(bootedBySystemd)
      ? `systemctl --user enable --now ${start.unit}`
      : 'postern up --foreground'
  }
  if (start.kind === 'launchd') {
    // One that is loaded already stays as it is: its tunnels would end.
    if (await works('launchctl', ['print', agentOf(start.label)])) return undefined
    const didWork = await works('launchctl', ['bootstrap', domain(), start.path])
    return didWork ? undefined : `launchctl bootstrap ${domain()} "${start.path}"`
  }
  const value = ['/v', runValueName, '/t', 'REG_SZ', '/d', start.line, '/f']
  const didWork = await works('reg', ['add', runKey, ...value])
  return didWork ? undefined : 'postern up --foreground'
}

/** Stops the daemon, where the system can, and no session starts it any more. To be called while the files of the plan are there. */
export async function endWithSession(start: SessionStart): Promise<void> {
  if (start.kind === 'systemd') {
    await works('systemctl', ['--user', 'disable', '--now', '--quiet', start.unit])
    removeWish(start)
  } else if (start.kind === 'launchd') {
    await works('launchctl', ['bootout', agentOf(start.label)])
  } else {
    await works('reg', ['delete', runKey, '/v', runValueName, '/f'])
  }
}

/** Makes the system forget what it has read. To be called when the files are gone. */
export async function forgetStart({ kind }: SessionStart): Promise<void> {
  if (kind === 'systemd') await works('systemctl', ['--user', 'daemon-reload'])
}

/** What `enable` has made, where no manager runs that would remove it. */
function removeWish({ unit, unitPath }: SessionStart & { readonly kind: 'systemd' }): void {
  const wish = join(dirname(unitPath), 'default.target.wants', unit)
  try {
    if (!lstatSync(wish).isSymbolicLink()) return
    if (resolve(dirname(wish), readlinkSync(wish)) === unitPath) rmSync(wish)
  } catch {
    // There is none.
  }
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args, { timeout: programMs, windowsHide: true })
    return true
  } catch {
    return false
  }
}

/** The session of this user on the screen. */
function domain(): string {
  return `gui/${process.getuid?.() ?? 0}`
}

function agentOf(label: string): string {
  return `${domain()}/${label}`
}
