import { quoteArgument, quoteProgram } from './quote-argument.ts'
import { throughShell } from './through-shell.ts'
import { writtenBy } from './written-by.ts'

/** What starts with the session, on any system. */
export interface DaemonStart {
  /** The program and what it is begun with; absolute paths. */
  readonly program: readonly string[]
  /** What the program is told. */
  readonly args: readonly string[]
  /** Variables that it is to have, such as `XDG_CONFIG_HOME`: a session manager has not those of a shell. Nothing secret. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Within `restartWindowS`.
 *
 * @limit starts of a desktop daemon that fails each time, in five minutes: systemd starts it no more
 */
const maxRestarts = 5
const restartWindowS = 300
const restartDelayS = 5
/** What open tunnels have to end, in seconds, before systemd kills what is left. */
const stopS = 15

/**
 * The text of a systemd unit of a user (systemd.service(5), systemd.exec(5)). Only what a user's manager can set
 * without privileges: what needs a mount namespace would keep the unit from starting on many machines. Not started
 * again with code 2, a command line that is wrong. `default.target`, not `graphical-session.target`: several desktops
 * never reach that one.
 */
export function daemonUnit({ program, args, variables }: DaemonStart): string {
  const command = [...program, ...args]
  const [executable = '', ...rest] = isNameable(program) ? command : throughShell(command)
  const line = [quoteProgram(executable), ...rest.map(quoteArgument)].join(' ')
  // No variables are expanded here: `$` is itself, and only `%` means something (systemd.exec(5), Environment=).
  const environment = Object.entries(variables).map(
    ([name, value]) => `Environment=${quoteProgram(`${name}=${value}`)}\n`,
  )
  return `# ${writtenBy}, which writes it anew: changes belong into "systemctl --user edit".
[Unit]
Description=Postern Desktop
StartLimitIntervalSec=${restartWindowS}
StartLimitBurst=${maxRestarts}

[Service]
Type=exec
ExecStart=${line}
${environment.join('')}Restart=on-failure
RestartSec=${restartDelayS}
RestartPreventExitStatus=2
TimeoutStopSec=${stopS}
KillMode=mixed

UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`
}

/** systemd takes no program whose path has quotes, backslashes or control characters, however they are written. */
function isNameable([executable = '']: readonly string[]): boolean {
  return !/["'\\\p{Cc}]/u.test(executable)
}
