import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  credentialDirectory,
  publishCredentialPath,
  readPublishCredential,
} from '../../client/publish/credential-directory.ts'
import { createPublishApi, type PublishApi } from '../../client/publish/publish-api.ts'
import { homeDirectory } from '../../home-directory.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { loadTrust } from '../../reach/trust.ts'
import type { TunnelCredential } from '../../tunnel/tunnel-credential.ts'
import type { PublishAnswer } from '../../tunnel/publish.ts'
import { bearerOf, type PublishCredential } from '../../tunnel/publish-credential.ts'
import { environment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import { proxiesOf, type ProxyOption } from './proxies.ts'

/** The options of a command that a publisher gives, as they were given. */
export interface PublisherOptions extends ProxyOption {
  readonly origincert?: string
  readonly json?: boolean
}

/** Adds these options to a command. */
export function withPublisherOptions(command: Command): Command {
  return command
    .option(
      '--origincert <file>',
      'the credential of "postern tunnel login" (also TUNNEL_ORIGIN_CERT; default: ~/.postern/cert.pem)',
    )
    .option('--json', 'print JSON on stdout')
}

type NamesCredential = Pick<PublisherOptions, 'origincert'>

/** Where the credential is, or is to be. */
export function credentialPathOf(options: NamesCredential): string {
  return namedPath(options) ?? publishCredentialPath()
}

/** Where the credentials of named tunnels are kept: beside the publisher's, also where that is named. */
export function credentialDirectoryOf(options: NamesCredential): string {
  return dirname(resolve(credentialPathOf(options)))
}

/** Where they may be; none where the user has no home and none is named. */
export function credentialDirectoriesOf(options: NamesCredential): readonly string[] {
  const named = namedPath(options)
  const directories = named === undefined ? [] : [credentialDirectoryOf(options)]
  if (homeDirectory() !== undefined) directories.push(credentialDirectory())
  return directories
}

function namedPath({ origincert }: NamesCredential): string | undefined {
  return origincert ?? (environment['TUNNEL_ORIGIN_CERT'] || undefined)
}

const unreachableHint =
  'check the network; where the gateway has moved, "postern tunnel login --overwrite --gateway URL"'

/** What a command of a publisher works with. */
export interface AsPublisher {
  readonly credential: PublishCredential
  readonly api: PublishApi
}

/** Runs something with the credential of this machine; answers the exit code when a signal ended it. */
export async function asPublisher<T extends object>(
  options: PublisherOptions,
  work: (publisher: AsPublisher) => Promise<T>,
): Promise<T | number> {
  const credential = await readPublishCredential(credentialPathOf(options))
  const { ca } = credential
  const trust = await loadTrust(
    ca === undefined ? {} : { caCertBase64: Buffer.from(ca).toString('base64') },
  )
  const gateway = parseGatewayUrl(credential.gateway)
  const send = createSendToGateway(
    createDialer({ proxies: proxiesOf(options), gateway, trust, unreachableHint }),
  )
  return untilEndSignal((signal) =>
    work({ credential, api: createPublishApi(send, bearerOf(credential), signal) }),
  )
}

/** What makes a process a connector of a tunnel, from what the gateway has answered. */
export function tunnelCredentialOf(
  { gateway, ca }: PublishCredential,
  secrets: PublishAnswer<'create'>,
): TunnelCredential {
  const { id: tunnelId, account_tag: accountTag, secret, grant_keys: grantKeys } = secrets
  return { accountTag, tunnelId, secret, gateway, grantKeys, ca }
}
