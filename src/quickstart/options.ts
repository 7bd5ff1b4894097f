import { parseArgs } from 'node:util'
import { parseAuthority, formatAuthority } from '../address.ts'
import type { HostPort } from '../address.ts'
import { AppError, messageOf } from '../errors.ts'
import { closest } from '../spelling.ts'

/** How the quickstart was asked to run. */
export interface QuickstartOptions {
  /** Port of the gateway on loopback; 0 for one the system chooses. */
  readonly port: number
  /** The user's own services, which get a route each. */
  readonly to: readonly HostPort[]
  readonly proves: boolean
  /** Ends after the proof instead of staying up. */
  readonly once: boolean
}

/** The command line is wrong. */
export class UsageError extends AppError {}

export const defaultPort = 8443

/** Most services of the user's own: each is a section of the output. */
const maxServices = 20

export const helpText = `Usage: npm start -- [OPTIONS]

Runs a whole Postern on this machine: a gateway on https://localhost:${defaultPort}, a sign-in
service with a few people, and an echo, an SSH server, a PostgreSQL and a service
behind a connector to reach through it. It signs somebody in, moves 64 MiB each
way, shows that somebody else is refused, and prints the commands to try it
yourself. Everything listens on loopback only; Ctrl-C stops and removes all of it.

Options:
  --to URL     put your own service behind the gateway too, such as
               tcp://127.0.0.1:5432; may be given several times
  --port PORT  port of the gateway (default: ${defaultPort}; 0: any free one)
  --no-proof   start without the sign-in and the measurement
  --once       end after the proof, for scripts: exit code 0 when it holds
  -h, --help   print this help

Examples:
  npm start
  npm start -- --to tcp://127.0.0.1:5432
  npm start -- --port 9443 --to tcp://192.168.1.20:3389
`

const known = ['port', 'to', 'no-proof', 'once', 'help'] as const

/**
 * Reads the command line; `help` when that is what was asked for.
 *
 * @throws UsageError `invalid-option`
 */
export function parseOptions(args: readonly string[]): QuickstartOptions | 'help' {
  const { values, positionals } = split(args)
  if (values.help) return 'help'
  const [stray] = positionals
  if (stray !== undefined) {
    throw invalid(
      `unexpected "${stray}"`,
      stray.includes('://') ? `write "--to ${stray}"` : undefined,
    )
  }
  if (values.to.length > maxServices) throw invalid(`more than ${maxServices} times "--to"`)
  return {
    port: parsePort(values.port),
    to: values.to.map(parseService),
    proves: !values['no-proof'],
    once: values.once,
  }
}

function split(args: readonly string[]) {
  for (const arg of args) requireKnown(arg)
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: String(defaultPort) },
        to: { type: 'string', multiple: true, default: [] },
        'no-proof': { type: 'boolean', default: false },
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    // Only what follows a known option can be wrong now: one sentence, not Node's advice on quoting.
    const [sentence = ''] = messageOf(error).split(/\.\s|\n/)
    throw invalid(sentence.replaceAll("'", '"').replace(/^O/, 'o'))
  }
}

function requireKnown(arg: string): void {
  const name = /^--?([^=]*)/.exec(arg)?.[1]
  if (name === undefined || name === 'h' || known.some((option) => option === name)) return
  const near = closest(name, known)
  throw invalid(
    `unknown option "${arg}"`,
    near === undefined ? undefined : `did you mean "--${near}"?`,
  )
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw invalid(`"--port ${text}" is not a port: expected a number from 0 to 65535`)
}

function parseService(text: string): HostPort {
  const service = /^tcp:\/\//i.test(text)
    ? parseAuthority(text.slice(6).replace(/\/$/, ''))
    : undefined
  if (service !== undefined) return service
  const bare = parseAuthority(text)
  throw invalid(
    `"--to ${text}" is no service: expected a URL such as tcp://127.0.0.1:5432`,
    bare === undefined ? undefined : `write "--to tcp://${formatAuthority(bare)}"`,
  )
}

function invalid(message: string, hint = '"npm start -- --help" lists what there is'): UsageError {
  return new UsageError('invalid-option', message, { hint })
}
