import { formatAuthority, type HostPort } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import { hasServiceTool, servicePortIn, servicePrograms } from '../../service-tools.ts'
import type { Environment } from '../process/environment.ts'
import { rdpPrograms } from './rdp-call.ts'

/** The programs that `postern connect` knows, and `rdp` for whichever shows desktops here. */
export const toolNames = [
  'ssh',
  'sftp',
  'psql',
  'mysql',
  'mariadb',
  'redis-cli',
  'valkey-cli',
  'mongosh',
  'sqlcmd',
  'rdp',
] as const

export type ToolName = (typeof toolNames)[number]

/** As whom, and to what, where the service asks for it. */
export interface Account {
  readonly user?: string | undefined
  readonly database?: string | undefined
}

/** A tool and the service that it is for. */
export interface Tool {
  readonly name: ToolName
  /** Its programs, the best first. */
  readonly programs: readonly string[]
  /** The port that the service usually has. */
  readonly port: number
  /** How it is installed, by system. */
  readonly install: Readonly<Partial<Record<NodeJS.Platform, string>>>
}

const openssh = {
  port: 22,
  install: { linux: 'apt install openssh-client', win32: 'Settings, Optional features' },
} as const

const tools: Readonly<Record<ToolName, Omit<Tool, 'name'>>> = {
  ssh: { programs: ['ssh'], ...openssh },
  sftp: { programs: ['sftp'], ...openssh },
  psql: {
    programs: ['psql'],
    port: 5432,
    install: {
      linux: 'apt install postgresql-client',
      darwin: 'brew install libpq && brew link --force libpq',
      win32: 'winget install PostgreSQL.PostgreSQL.17',
    },
  },
  mysql: {
    programs: ['mysql', 'mariadb'],
    port: 3306,
    install: { linux: 'apt install default-mysql-client', darwin: 'brew install mysql-client' },
  },
  mariadb: {
    programs: ['mariadb'],
    port: 3306,
    install: { linux: 'apt install mariadb-client', darwin: 'brew install mariadb' },
  },
  'redis-cli': {
    programs: ['redis-cli', 'valkey-cli'],
    port: 6379,
    install: { linux: 'apt install redis-tools', darwin: 'brew install redis' },
  },
  'valkey-cli': {
    programs: ['valkey-cli'],
    port: 6379,
    install: { linux: 'apt install valkey-tools', darwin: 'brew install valkey' },
  },
  mongosh: {
    programs: ['mongosh'],
    port: 27_017,
    install: { darwin: 'brew install mongosh', win32: 'winget install MongoDB.Shell' },
  },
  sqlcmd: {
    programs: ['sqlcmd'],
    port: 1433,
    install: { darwin: 'brew install sqlcmd', win32: 'winget install sqlcmd' },
  },
  rdp: {
    programs: rdpPrograms(),
    port: 3389,
    install: { linux: 'apt install freerdp3-x11' },
  },
}

/** By the service's port: the first name is the one that is taken. */
const toolsByPort: ReadonlyMap<number, ToolName> = new Map(
  toolNames.toReversed().map((name) => [tools[name].port, name]),
)

/**
 * The tool that was asked for, or the one for a destination: by its port, or else by what it is called.
 *
 * @throws SystemError `tool-unknown`
 */
export function chooseTool(
  asked: string | undefined,
  { host, port }: HostPort,
  name: string = host,
): Tool {
  const isKnown = port === 22 || hasServiceTool(port)
  const service = isKnown ? port : servicePortIn([name, host])
  const found = toolNames.find((each) => each === asked) ?? toolsByPort.get(service ?? port)
  if (found !== undefined && (asked === undefined || asked === found)) {
    return { name: found, ...tools[found] }
  }
  throw new SystemError(
    'tool-unknown',
    `no program is known for "${formatAuthority({ host, port })}"`,
    {
      hint: `choose one with "--tool ${toolNames.join('|')}", or give any program its address: "postern run ROUTE -- PROGRAM"`,
    },
  )
}

/** What a program is started with. */
export interface ToolCall {
  readonly args: readonly string[]
  /** Variables besides those of this process; undefined ones are taken away. */
  readonly env: Environment
}

/** What leads a tool to a local address: `target` is what people call the service. */
export interface ToolPlace {
  readonly local: HostPort
  readonly target: HostPort
  readonly account: Account
  /** Behind everything else. */
  readonly args: readonly string[]
}

/** How a tool that is no `ssh` and shows no desktop is started. */
export function toolCall(
  { name, port }: Tool,
  { local, target, account, args }: ToolPlace,
): ToolCall {
  const { user, database } = account
  if (name === 'psql') return psqlCall(local, target, account, args)
  const [{ words } = { words: [] }] = servicePrograms(port, local, target.host)
  const [, ...place] = words
  const options = optionsOf[port]?.({ user, database }) ?? []
  if (name === 'mongosh' && database !== undefined) {
    const [url = '', ...rest] = place
    const named = url.replace('/?', () => `/${encodeURIComponent(database)}?`)
    return { args: [named, ...rest, ...options, ...args], env: {} }
  }
  return { args: [...place, ...options, ...args], env: {} }
}

const optionsOf: Readonly<Record<number, (account: Account) => string[]>> = {
  3306: ({ user, database }) => [...given('--user=', user), ...given('--database=', database)],
  6379: ({ user, database }) => [...apart('--user', user), ...apart('-n', database)],
  27017: ({ user }) => given('--username=', user),
  1433: ({ user, database }) => [...apart('-U', user), ...apart('-d', database)],
}

/**
 * By `PGHOSTADDR` instead of one word of all: the server's certificate is still checked against the name that people
 * ask for, and a database may stand among the arguments. A service of `pg_service.conf` would lead elsewhere.
 */
function psqlCall(
  local: HostPort,
  target: HostPort,
  { user, database }: Account,
  args: readonly string[],
): ToolCall {
  const place = [`--host=${target.host}`, `--port=${local.port}`]
  const account = [...given('--username=', user), ...given('--dbname=', database)]
  return {
    args: [...place, ...account, ...args],
    env: { PGHOSTADDR: local.host, PGSERVICE: undefined },
  }
}

function given(option: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${option}${value}`]
}

function apart(option: string, value: string | undefined): string[] {
  return value === undefined ? [] : [option, value]
}

/**
 * One word each, which no program takes for an option.
 *
 * @throws SystemError `invalid-user` or `invalid-option`
 */
export function checkAccount({ user, database }: Account): Account {
  for (const [text, code, what] of [
    [user, 'invalid-user', 'an account'],
    [database, 'invalid-option', 'a database'],
  ] as const) {
    if (text === undefined || /^(?!-)[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+$/u.test(text)) continue
    throw new SystemError(code, `"${text}" is not the name of ${what}`, {
      hint: 'it has no control characters, and does not begin with "-"',
    })
  }
  return { user, database }
}
