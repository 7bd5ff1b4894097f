import { Option, type Command } from 'commander'
import type { ConfigValues } from '../../connector/config/config-keys.ts'
import type { GivenSettings } from '../../connector/config/load-config.ts'
import type { Environment } from '../process/environment.ts'

/** The options of `postern tunnel run` as they were given. */
export interface RunOptions {
  readonly config?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly credentialsFile?: string
  readonly credFile?: string
  readonly url?: string
  readonly hostname?: string
  readonly name?: string
  readonly gracePeriod?: string
  readonly metrics?: string
  readonly loglevel?: string
  readonly cacert?: string
  readonly caFile?: string
  readonly proxy?: string
  readonly logFormat?: 'human' | 'json'
  readonly origincert?: string
}

/** The options that are settings of the file as well, and the variables that are. */
const settings: readonly {
  readonly key: keyof ConfigValues
  readonly options: readonly (keyof RunOptions)[]
  readonly variable: string
}[] = [
  { key: 'tunnel', options: ['name'], variable: 'TUNNEL_NAME' },
  { key: 'token', options: ['token'], variable: 'TUNNEL_TOKEN' },
  { key: 'token-file', options: ['tokenFile'], variable: 'TUNNEL_TOKEN_FILE' },
  {
    key: 'credentials-file',
    options: ['credentialsFile', 'credFile'],
    variable: 'TUNNEL_CRED_FILE',
  },
  { key: 'credentials-contents', options: [], variable: 'TUNNEL_CRED_CONTENTS' },
  { key: 'url', options: ['url'], variable: 'TUNNEL_URL' },
  { key: 'hostname', options: ['hostname'], variable: 'TUNNEL_HOSTNAME' },
  { key: 'grace-period', options: ['gracePeriod'], variable: 'TUNNEL_GRACE_PERIOD' },
  { key: 'metrics', options: ['metrics'], variable: 'TUNNEL_METRICS' },
  { key: 'loglevel', options: ['loglevel'], variable: 'TUNNEL_LOGLEVEL' },
  { key: 'cacert', options: ['cacert', 'caFile'], variable: 'TUNNEL_CACERT' },
]

/** What was given, the command line before the environment; an empty variable is none. */
export function givenSettings(
  options: RunOptions,
  nameOrId: string | undefined,
  env: Environment,
): readonly GivenSettings[] {
  const flags = settings.map(({ key, options: names }) => {
    const given = names.map((name) => options[name]).find((value) => value !== undefined)
    return [key, key === 'tunnel' ? (nameOrId ?? given) : given] as const
  })
  const variables = settings.map(({ key, variable }) => [key, env[variable] || undefined] as const)
  const variableOf = new Map(settings.map(({ key, variable }) => [key, variable]))
  return [
    { values: Object.fromEntries(flags), nameOf: (key) => `--${key}` },
    { values: Object.fromEntries(variables), nameOf: (key) => variableOf.get(key) ?? key },
  ]
}

/** What of these counts for a setting, as it was given. */
export function settingOf(
  given: readonly GivenSettings[],
  key: keyof ConfigValues,
): string | undefined {
  return given.map(({ values }) => values[key]).find((value) => value !== undefined)
}

/** Options of cloudflared that are taken, so that its lines work, and that mean nothing here. */
const ignored: readonly string[] = [
  '--no-autoupdate',
  '--no-prechecks',
  '--autoupdate-freq <duration>',
  '--protocol <protocol>',
  '--edge-ip-version <version>',
  '--retries <count>',
  '--ha-connections <count>',
  '--post-quantum',
  '--metrics-update-freq <duration>',
  '--transport-loglevel <level>',
  '--tag <tag>',
  '--management-diagnostics',
  '--no-update-service',
]

/** Adds the options of a connector to a command. */
export function withRunOptions(command: Command): Command {
  command
    .option(
      '--url <service>',
      'the service: "tcp://localhost:7870", "ssh://localhost", "unix:PATH"',
    )
    .option('--hostname <name>', 'a name by which the gateway is to lead here')
    .option('--config <file>', 'a configuration file with rules for several services')
    .option('--token-file <file>', 'a file with the token that "postern tunnel token" printed')
    .option('--credentials-file <file>', 'the file that "postern tunnel create" wrote')
    .addOption(new Option('--cred-file <file>').hideHelp())
    .option('--token <token>', 'the token itself; other users of this machine can see it')
    .option('--grace-period <duration>', 'how long open streams may go on after SIGTERM (30s)')
    .option('--metrics <address>', 'serve /ready, /live and /metrics here, such as 127.0.0.1:20241')
    .option('--proxy <url>', 'reach the gateway through this proxy: "http://HOST:PORT"')
    .option('--cacert <file>', "authorities (PEM) that the gateway's certificate may be from")
    .addOption(new Option('--ca-file <file>').hideHelp())
    .option('--loglevel <level>', 'how much is logged: debug, info, warn, error (info)')
    .addOption(new Option('--log-format <format>', 'what stderr is for').choices(['human', 'json']))
    .addOption(new Option('-n, --name <name>').hideHelp())
    .option(
      '--origincert <file>',
      'the credential of "postern tunnel login", for a tunnel without a file here',
    )
  for (const flags of ignored) command.addOption(new Option(flags).hideHelp())
  return command
}
