import { resolve } from 'node:path'
import { SystemError } from '../../errors.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { askRoutes } from '../asking/ask-routes.ts'
import { checkUser, checkWords, tcpOptionsOf } from '../asking/ssh-options.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { lastingProgram } from '../process/own-program.ts'
import { exposedServiceAccount } from '../credentials/given.ts'
import { hostsOf, parseDomain } from '../../client/ssh-config/domains.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { chooseEntries, type LeftOut } from '../../client/ssh-config/entries.ts'
import { formatSshConfig } from '../../client/ssh-config/text.ts'
import { note, printText } from '../speech/print.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern ssh-config` as they were given. */
export interface SshConfigCommandOptions extends AskOptions {
  readonly all?: true
  readonly names?: true
  readonly domain?: readonly string[]
  readonly user?: string
}

/** Prints OpenSSH's configuration for the routes somebody may use; resolves to the exit code. */
export async function printSshConfig(
  gatewayText: string | undefined,
  options: SshConfigCommandOptions,
): Promise<number> {
  const component = { human: 'ssh-config', json: 'ssh-config' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const user = checkUser(options.user)
  void checkWords(tcpOptionsOf(options, {}))
  const credentialOptions = checkWords(credentialOptionsOf(options))
  const domains = (options.domain ?? []).map(parseDomain)
  const program = lastingProgram()
  const asked = await askRoutes(gatewayText, options, voice)
  if (typeof asked === 'number') return asked
  const tcpOptions = tcpOptionsOf(options, asked)
  const { gateway, routes } = asked
  const isEveryPort = options.all === true
  const isOfGateway = hostsOf(gateway.host, domains)
  const { entries, leftOut } = chooseEntries(routes, { gateway, isEveryPort, isOfGateway })
  const { text, hosts, names } = formatSshConfig({
    program,
    gateway,
    entries,
    withNames: options.names === true,
    user,
    tcpOptions,
    credentialOptions,
    otherOptions: otherOptionsOf(options, domains),
  })
  sayWhatIsLeftOut({ ...leftOut, names }, gateway, voice)
  printText(text)
  if (hosts === 0) {
    const which = isEveryPort ? 'no route' : 'no route of port 22'
    const hint = isEveryPort ? '' : '; "--all" takes other ports, too'
    note(`${which} of ${gateway.origin} is open to you now${hint}`)
  }
  return exitCodes.ok
}

function otherOptionsOf(
  { all, names }: SshConfigCommandOptions,
  domains: readonly string[],
): readonly string[] {
  return [
    ...(all === true ? ['--all'] : []),
    ...(names === true ? ['--names'] : []),
    ...domains.flatMap((domain) => ['--domain', domain]),
  ]
}

/** Where the credential of a service account is found, never the credential itself. */
function credentialOptionsOf(options: SshConfigCommandOptions): readonly string[] {
  if (exposedServiceAccount(options) !== undefined) {
    throw new SystemError(
      'invalid-service-account',
      'a secret is not written into a file that others may read',
      { hint: 'use "--service-account-file", whose path is written' },
    )
  }
  const { serviceAccountFile: file, serviceTokenId: id } = options
  return [
    ...(file === undefined ? [] : ['--service-account-file', resolve(file)]),
    ...(id === undefined ? [] : ['--service-token-id', id]),
  ]
}

/**
 * Most that are named of a kind.
 *
 * @limit hosts of a kind that "postern ssh-config" says it left out: the others are counted
 */
const maxNamed = 20

/** Says which routes are not in the file, why, and what to do about it. */
function sayWhatIsLeftOut(
  { outside, otherGateways, patterns, names }: LeftOut & { readonly names: readonly string[] },
  { host, origin }: GatewayAddress,
  voice: Voice,
): void {
  const say = (found: readonly string[], why: string, hint: string): void => {
    if (found.length > 0) voice.warn(`left out ${listOf(found)}: ${why}`, { hint })
  }
  say(
    outside,
    `not a host of "${host}", nor below its domain`,
    'what is behind this gateway all the same is written with "--domain HOST", or a domain above it',
  )
  say(
    otherGateways,
    'reached through a gateway of another domain',
    'when you trust that gateway as well, add its domain with "--domain"',
  )
  say(
    patterns,
    'a pattern stands for machines that nobody has named',
    `write one yourself: "Host PATTERN" with "ProxyCommand postern tcp --gateway ${origin} --listen - %h:%p"`,
  )
  say(
    names,
    'a name without a domain may be a machine of yours',
    '"--names" writes them beside their hosts',
  )
}

function listOf(found: readonly string[]): string {
  const named = found.slice(0, maxNamed).map((text) => `"${text}"`)
  const rest = found.length - named.length
  return rest === 0 ? named.join(', ') : `${named.join(', ')} and ${rest} more`
}
