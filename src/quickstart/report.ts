import { formatAuthority } from '../address.ts'
import { hasServiceTool } from '../service-tools.ts'
import { joinedHost } from './applications.ts'
import { recipesFor } from './commands.ts'
import type { CommandContext, Recipe } from './commands.ts'
import { connectorRecipes } from './connector-commands.ts'
import type { ConnectorContext } from './connector-commands.ts'
import { administrator, auditor, membersOf, people } from './people.ts'
import type { RefusalProof, TransferProof } from './proof.ts'
import type { SampleRoute } from './routes.ts'
import { commandLine, quote } from '../shell.ts'
import { sampleUser } from './services/sample-data.ts'
import { samplePassword } from './services/ssh.ts'
import type { Terminal } from './terminal.ts'

/** Says what the transfer showed. */
export function reportTransfer(terminal: Terminal, email: string, proof: TransferProof): void {
  const { sha256, protocol } = proof
  terminal.done(`${email} signed in, without a browser`)
  terminal.done(`${amountOf(proof)} through a tunnel: ${rateOf(proof)} up and down at once`)
  terminal.detail(`${protocol}; gateway, client and service share one process here`)
  terminal.detail(`SHA-256 sent, at the service, and returned are equal:`)
  terminal.detail(sha256)
}

/** Says what the transfer through the connector showed. */
export function reportConnectorTransfer(terminal: Terminal, proof: TransferProof): void {
  terminal.done(`${amountOf(proof)} to ${joinedHost}, through its connector`)
  terminal.detail('SHA-256 equal at all three again; the connector shares the process, too')
}

function amountOf({ bytes }: TransferProof): string {
  return `${bytes / 1_048_576} MiB each way`
}

function rateOf({ bytes, durationMs }: TransferProof): string {
  return `${Math.round(bytes / 1e6 / (durationMs / 1000))} MB/s`
}

/** Says that somebody was let in. */
export function reportAccess(terminal: Terminal, email: string, authority: string): void {
  terminal.done(`${email} reached ${authority}`)
}

/** Says what the gateway said to somebody it refused. */
export function reportRefusal(
  terminal: Terminal,
  email: string,
  authority: string,
  proof: RefusalProof,
): void {
  const { message, reasons, next, requestId } = proof
  terminal.done(`${email} was refused at ${authority}, with these words:`)
  terminal.detail(message)
  if (reasons.length > 0) terminal.detail(`reasons: ${reasons.join(', ')}`)
  if (next !== undefined) terminal.detail(`hint: ${next}`)
  terminal.detail(`request id: ${requestId}`)
}

/** Prints who can sign in. */
export function reportPeople(terminal: Terminal): void {
  terminal.section('Accounts: choose one on the sign-in page, there are no passwords')
  const width = Math.max(...people.map(({ email }) => email.length))
  for (const { email, groups } of people) {
    terminal.line(`${email.padEnd(width)}   ${groups.join(', ')}`)
  }
}

/** Prints the commands for one route, and who may use it. */
export function reportRoute(terminal: Terminal, route: SampleRoute, context: CommandContext): void {
  terminal.section(`${route.name} at ${route.authority}`)
  terminal.line(`for ${route.audience}`)
  for (const note of notes[route.kind] ?? []) terminal.line(note)
  reportRecipes(terminal, recipesFor(route, context))
}

/** Prints the commands for the service behind a connector, and for one of the user's own. */
export function reportConnector(terminal: Terminal, context: ConnectorContext): void {
  terminal.section(`Behind a connector: ${joinedHost}`)
  terminal.line('for everybody who has signed in')
  terminal.line('its connector dialled out to the gateway, which has no address for it')
  terminal.line('the name need not resolve: --gateway says where to ask for it')
  reportRecipes(terminal, connectorRecipes(context))
}

function reportRecipes(terminal: Terminal, recipes: readonly Recipe[]): void {
  for (const { title, lines } of recipes) {
    terminal.line('')
    terminal.line(`${title}:`)
    for (const line of lines) terminal.command(line)
  }
}

const notes: Readonly<Partial<Record<SampleRoute['kind'], readonly string[]>>> = {
  ssh: ['a sample: it answers a few toy commands, and has no shell, files or forwarding'],
  postgres: [
    'starts at the first connection, which takes some seconds and 750 MiB',
    'a PGlite: all connections share one session, so a transaction holds up the others',
  ],
}

/** What the first commands are made of. */
export interface FirstSteps {
  readonly searchFolder: string
  readonly gatewayUrl: string
  readonly routes: readonly SampleRoute[]
  /** Has every command. */
  readonly allFile: string
}

/**
 * Prints what to do first, as the last of all and on few lines: on a screen of 24 nothing of it is gone. What has no
 * short name is with all the others.
 */
export function reportFirst(terminal: Terminal, first: FirstSteps): void {
  const { searchFolder, gatewayUrl, routes, allFile } = first
  terminal.section('Running: paste these into another terminal, and choose a person in the browser')
  terminal.command(`export PATH=${quote(searchFolder)}:"$PATH"`)
  for (const route of ownFirst(routes).slice(0, maxFirst)) {
    terminal.line(firstNotes[route.kind](route))
    terminal.command(firstCommand(route))
  }
  terminal.line('Routes and policies: the portal, and the console for Carol')
  terminal.command(`${gatewayUrl}  ${gatewayUrl}/console/`)
  terminal.line('Everything else, without a browser, too:')
  terminal.command(commandLine('less', allFile))
  terminal.line(howToStop)
}

/** The same behind all commands. */
export function reportRunning(terminal: Terminal): void {
  terminal.section('Running: paste the commands above into another terminal')
  terminal.line(howToStop)
}

const howToStop = 'Ctrl-C stops this and removes everything it made.'

/** Routes in the last words. */
const maxFirst = 5

function ownFirst(routes: readonly SampleRoute[]): readonly SampleRoute[] {
  return routes.toSorted((one, other) => Number(other.kind === 'own') - Number(one.kind === 'own'))
}

/** What somebody has to know before, on one line of 80. */
const firstNotes: Readonly<Record<SampleRoute['kind'], (route: SampleRoute) => string>> = {
  own: ({ to }) => `Your own, at ${formatAuthority(to)}`,
  echo: () => 'An echo, for everybody',
  ssh: () =>
    `An SSH server, for ${membersOf('engineering').join(', ')}; password "${samplePassword}"`,
  postgres: () => `A PostgreSQL, for ${membersOf('dba').join(', ')}; takes some seconds to start`,
}

/** Samples by their names, which are one word. */
function firstCommand({ kind, name, authority, to }: SampleRoute): string {
  if (kind === 'echo')
    return `echo hello | ${commandLine('postern', 'tcp', '--listen', '-', authority)}`
  const hasProgram = to.port === 22 || hasServiceTool(to.port)
  if (kind === 'own' && !hasProgram) return commandLine('postern', 'tcp', authority)
  const asWhom = {
    ssh: ['--user', sampleUser],
    postgres: ['--user', sampleUser, '--database', 'postgres'],
    own: [],
  }[kind]
  return commandLine('postern', 'connect', ...asWhom, kind === 'own' ? authority : name)
}

export interface Hints {
  readonly gatewayUrl: string
  readonly caFile: string
  readonly configFile: string
  readonly logFile: string
  readonly signInFolder: string | undefined
  readonly searchFolder: string | undefined
  /** Program that signs in without a browser, by email; empty where there is none. */
  readonly browsers: ReadonlyMap<string, string>
}

/** Prints what else a newcomer will ask. */
export function reportHints(terminal: Terminal, hints: Hints): void {
  const { gatewayUrl, caFile, configFile, logFile, signInFolder, searchFolder, browsers } = hints
  terminal.section('Good to know')
  terminal.line('The portal: everybody sees the routes they may use, with commands to copy')
  terminal.command(gatewayUrl)
  terminal.line('')
  terminal.line('The console: routes, policies, tunnels, people, requests, the audit log')
  terminal.line(`as ${administrator}, who may change them, or ${auditor}, who may look`)
  terminal.command(`${gatewayUrl}/console/`)
  if (searchFolder !== undefined) {
    terminal.line('')
    terminal.line('Before commands that say "postern", in the terminal where you paste them:')
    terminal.command(`export PATH=${quote(searchFolder)}:"$PATH"`)
  }
  terminal.line('')
  terminal.line(`The first connection opens ${gatewayUrl} in your browser, which will warn:`)
  terminal.line('this run made the certificate itself. Go on, or trust the authority for as long:')
  terminal.command(caFile)
  if (browsers.size > 0) {
    terminal.line('')
    terminal.line('Without a browser, add one of these to "tcp", "access tcp" or "tunnel login":')
    for (const path of browsers.values()) terminal.command(commandLine('--browser-cmd', path))
  }
  if (signInFolder !== undefined) {
    terminal.line('')
    terminal.line('To come back as somebody else, forget the sign-in:')
    terminal.command(commandLine('rm', '-rf', signInFolder))
  }
  terminal.line('')
  terminal.line('Routes and policies: edit this file, and live tunnels follow at once')
  terminal.command(configFile)
  terminal.line('')
  terminal.line('Who was let in or refused, and why; what went through')
  terminal.command(commandLine('tail', '-f', logFile))
}
