import { stringify } from 'yaml'
import { formatAuthority } from '../address.ts'
import { publishedSettings } from './applications.ts'
import { administrator, auditor } from './people.ts'
import type { SampleRoute } from './routes.ts'

export interface ConfigFileParts {
  /** Port of the gateway on localhost. */
  readonly port: number
  readonly provider: {
    readonly issuer: URL
    readonly clientId: string
    readonly clientSecret: string
  }
  readonly routes: readonly SampleRoute[]
}

/** Names in the quickstart's folder that its configuration refers to. */
export const fileNames = {
  config: 'postern.yaml',
  caCertificate: 'ca.pem',
  certificate: 'gateway.pem',
  certificateKey: 'gateway-key.pem',
  state: 'state',
  tunnelToken: 'sample.token',
  log: 'gateway.log',
  commands: 'commands.txt',
} as const

const header = `# The gateway of this quickstart, as a file of your own would look. Edit it while the gateway
# runs: routes and policies change at once, and tunnels that are no longer allowed are cut.
`

/** Writes the configuration of the quickstart's gateway; its files are beside it. */
export function formatConfigFile({ port, provider, routes }: ConfigFileParts): string {
  return (
    header +
    stringify(
      {
        address: `127.0.0.1:${port}`,
        certificate_file: fileNames.certificate,
        certificate_key_file: fileNames.certificateKey,
        state_directory: fileNames.state,
        authenticate_service_url: `https://localhost:${port}`,
        idp_provider: 'oidc',
        idp_provider_url: provider.issuer.origin,
        idp_client_id: provider.clientId,
        idp_client_secret: provider.clientSecret,
        // Without "groups" a provider says nothing of them; without "offline_access" nobody is asked again.
        idp_scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
        administrators: { admin: [administrator], auditor: [auditor] },
        routes: routes.map(({ name, authority, to, policy }) => ({
          from: `tcp+https://${authority}`,
          to: `tcp://${formatAuthority(to)}`,
          name,
          ...policy,
        })),
        ...publishedSettings(),
      },
      { aliasDuplicateObjects: false },
    )
  )
}
