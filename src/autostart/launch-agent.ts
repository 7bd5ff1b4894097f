import type { DaemonStart } from './daemon-unit.ts'
import { formatPropertyList } from './property-list.ts'

/** What launchd calls it. */
export const agentLabel = 'postern.desktop'

/** Least time between two starts, in seconds: launchd has no bound on their number. */
const throttleS = 30

/**
 * The text of a launchd agent of a user (launchd.plist(5)): started when the person logs in to the screen, and
 * again where it failed. `Interactive`: what goes through tunnels is waited for by somebody.
 *
 * @param logFile where stderr goes, which launchd would throw away
 * @throws RangeError for a path with a control character
 */
export function launchAgent({ program, args, variables }: DaemonStart, logFile: string): string {
  return formatPropertyList({
    Label: agentLabel,
    ProgramArguments: [...program, ...args],
    ...(Object.keys(variables).length === 0 ? {} : { EnvironmentVariables: variables }),
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: throttleS,
    ProcessType: 'Interactive',
    LimitLoadToSessionType: 'Aqua',
    // umask(2) 077, as decimal.
    Umask: 0o077,
    StandardErrorPath: logFile,
  })
}
