import { quoteArgument, quoteProgram } from './quote-argument.ts'

/** What a unit is written for. */
export interface ConnectorUnit {
  /** The program and what it is begun with, up to the command; absolute paths. */
  readonly program: readonly string[]
  /** Options of `postern tunnel run` besides the token file. */
  readonly options: readonly string[]
  /** The file with the token, which only root reads; systemd hands its content on. */
  readonly tokenFile: string
  /** How long open streams may go on, in milliseconds. */
  readonly gracePeriodMs: number
}

/** What the connector needs beyond its grace period to end, in milliseconds. */
export const endingMs = 10_000

const mark =
  '# Written by "postern service install", which writes it anew: changes belong into "systemctl edit".'

/** Whether a unit is one that `connectorUnit` made. */
export function isConnectorUnit(text: string): boolean {
  return text.startsWith('# Written by "postern service install"')
}

/**
 * The text of a systemd unit for a connector (systemd.service(5), systemd.exec(5)). `NotifyAccess=all`: it is
 * `systemd-notify` that says READY=1, a child of the service. No limit for the start: at boot the gateway may
 * be away for long. The codes after which it is not started again are those of a command line that is wrong and
 * of a tunnel that the gateway does not take: nothing would change.
 */
export function connectorUnit({
  program,
  options,
  tokenFile,
  gracePeriodMs,
}: ConnectorUnit): string {
  const [executable = '', ...script] = program
  const command = [quoteProgram(executable), ...[...script, 'tunnel', 'run'].map(quoteArgument)]
  // Expanded by systemd: a directory of this unit alone.
  const token = '--token-file ${CREDENTIALS_DIRECTORY}/token'
  const line = [...command, token, ...options.map(quoteArgument)].join(' ')
  const stopS = Math.ceil((gracePeriodMs + endingMs) / 1000)
  return `${mark}
[Unit]
Description=Postern connector
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=all
ExecStart=${line}
ExecReload=/bin/kill -HUP $MAINPID
LoadCredential=token:${tokenFile.replaceAll('%', '%%')}
Restart=always
RestartSec=5s
RestartPreventExitStatus=2 4
TimeoutStartSec=infinity
TimeoutStopSec=${stopS}s
KillMode=mixed
# Two for each stream, and some.
LimitNOFILE=262144

DynamicUser=yes
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}
