import { SystemError } from '../../errors.ts'
import { parseApplication } from '../../client/applications/application.ts'
import { parseLocalAddress } from '../../client/applications/local-address.ts'
import { parseRequestFields } from '../../client/applications/request-fields.ts'
import type { LocalAddress } from '../../client/serve/listen-address.ts'
import type { RequestFields } from '../../reach/http-answer.ts'
import type { LogLevel } from '../../log.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import type { ClientFlags } from '../serving/client-for.ts'
import type { Environment } from '../process/environment.ts'

/** What an application speaks: it changes the words, and what is done without `--url`. */
export type Protocol = 'tcp' | 'ssh' | 'rdp' | 'smb'

/** What is asked for, as it was written. */
export interface WrittenServices {
  readonly hostname?: readonly string[]
  readonly url?: readonly string[]
  readonly destination?: string
  readonly header?: readonly string[]
  readonly gateway?: string
}

/** The options of `postern access tcp` as they were given. */
export interface AccessTcpOptions extends AskOptions, ClientFlags, WrittenServices {
  readonly browserCmd?: string
  readonly config?: string
  readonly sameUser?: boolean
  readonly logLevel?: LogLevel | 'fatal'
  readonly logfile?: string
  readonly logDirectory?: string
}

/** One application, and where it is served. */
export interface AskedService {
  /** The application, as it was written. */
  readonly hostname: string
  /** Undefined: on standard input and output. */
  readonly local: { readonly listen: LocalAddress; readonly written: string } | undefined
  readonly fields: RequestFields
}

/**
 * Reads which applications are asked for, and where each is served. What the command line leaves out
 * stands in the environment.
 *
 * @throws SystemError `hostname-missing`, `invalid-hostname`, `invalid-listen-address`,
 * `invalid-gateway-url`, `invalid-header` or `invalid-destination`
 */
export function readServices(
  written: WrittenServices,
  env: Environment,
): readonly [AskedService, ...AskedService[]] {
  const hostnames = written.hostname ?? some(env['TUNNEL_SERVICE_HOSTNAME'])
  const urls = written.url ?? some(env['TUNNEL_SERVICE_URL'])
  const target = written.destination ?? some(env['TUNNEL_SERVICE_DESTINATION'])[0]
  const fields = parseRequestFields(written.header ?? [], target)
  checkPairs(hostnames, urls)
  const services = hostnames.map((hostname, index) => {
    const url = urls[index]
    const local = url === undefined ? undefined : { listen: parseLocalAddress(url), written: url }
    void parseApplication(hostname)
    return { hostname, local, fields }
  })
  const [first, ...rest] = services
  if (first !== undefined) return [first, ...rest]
  throw new SystemError('hostname-missing', 'no application is named', {
    hint: 'name it with "--hostname tcp.example.com"',
  })
}

function some(value: string | undefined): readonly string[] {
  return value ? [value] : []
}

function checkPairs(hostnames: readonly string[], urls: readonly string[]): void {
  const isOne = hostnames.length === 1 && urls.length <= 1
  if (isOne || hostnames.length === 0 || hostnames.length === urls.length) return
  const count = (many: readonly string[], what: string): string =>
    `${many.length} "${what}"${many.length === 1 ? '' : 's'}`
  throw new SystemError(
    'invalid-listen-address',
    `${count(hostnames, '--hostname')} and ${count(urls, '--url')} make no pairs`,
    { hint: 'give each "--hostname" its own "--url", in the same order' },
  )
}
