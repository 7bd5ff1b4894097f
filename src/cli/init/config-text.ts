import { stringify } from 'yaml'
import { formatAuthority } from '../../address.ts'
import type { ProviderName } from '../../config/keys/providers.ts'
import { originOf, type InitAnswers } from './answers.ts'

/** Names of the files beside the configuration. */
export const initFiles = {
  secret: 'idp-client-secret',
  ca: 'ca.pem',
  certificate: 'gateway.pem',
  key: 'gateway-key.pem',
} as const

/** The configuration that was decided on, with a comment for each part. */
export function formatInitConfig(answers: InitAnswers): string {
  return [header, listening(answers), certificates(answers), signIn(answers), rest(answers)].join(
    '\n',
  )
}

const header = `# The gateway of Postern. "postern gateway check" says what is wrong here, each thing with its line;
# a running gateway takes changes over by itself. Every key: docs/configuration.md
`

function listening({ listen }: InitAnswers): string {
  return `# The one port for everything: tunnels, sign-in, connectors, the console.
address: ${scalar(listen)}
`
}

function certificates({ certificates, email }: InitAnswers): string {
  if (certificates.kind === 'acme') {
    const { authority } = certificates
    const lines = [
      authority === undefined
        ? `# Certificates are fetched from Let's Encrypt, and renewed (docs/certificates.md). Whoever leaves this here agrees to
# its terms: https://letsencrypt.org/repository/`
        : '# Certificates are fetched from this authority, and renewed (docs/certificates.md).',
      'autocert: true',
      `autocert_email: ${scalar(email)}`,
      ...(authority === undefined ? [] : [`autocert_ca: ${scalar(authority.url)}`]),
      ...(authority?.caFile === undefined
        ? []
        : [`autocert_trusted_ca_file: ${scalar(authority.caFile)}`]),
      '# Leads plain HTTP to https, and is a second way to prove the name.',
      'http_redirect_addr: ":80"',
      '',
    ]
    return lines.join('\n')
  }
  if (certificates.kind === 'local') {
    return `# Of an authority made for this gateway alone: clients trust it with "--ca-file ${initFiles.ca}". For a name on the
# Internet write "autocert: true" in the place of these two lines.
certificate_file: ${initFiles.certificate}
certificate_key_file: ${initFiles.key}
`
  }
  return `certificate_file: ${scalar(certificates.certificate)}
certificate_key_file: ${scalar(certificates.key)}
`
}

function signIn(answers: InitAnswers): string {
  const origin = originOf(answers)
  const lines = [
    `# Where people sign in, and see what they may use. ${origin}/console/ is the console.`,
    `authenticate_service_url: ${origin}`,
    '',
    ...who(answers, origin),
    '',
    '# Who may use the console and the API; nobody else.',
    'administrators:',
    `  admin: [${scalar(answers.email)}]`,
    '',
  ]
  return lines.join('\n')
}

function who({ signIn }: InitAnswers, origin: string): readonly string[] {
  if (signIn.provider === 'passkeys') {
    return [
      '# The gateway knows its people itself, by their passkeys: "postern gateway accounts invite EMAIL" (docs/accounts.md).',
      'local_accounts: true',
    ]
  }
  const { provider, url, clientId } = signIn
  const secret = 'file' in signIn.secret ? signIn.secret.file : initFiles.secret
  return [
    `# Who says who they are. It must know ${origin}/oauth2/callback as a redirect address. What is odd`,
    `# about its groups and addresses: ${pageOf(provider)}`,
    `idp_provider: ${provider}`,
    ...(url === undefined ? [] : [`idp_provider_url: ${scalar(url)}`]),
    `idp_client_id: ${scalar(clientId)}`,
    `idp_client_secret_file: ${scalar(secret)}`,
  ]
}

function rest(answers: InitAnswers): string {
  const { service, allow } = answers
  const gateway = new URL(originOf(answers)).host
  const who = allow.includes('@')
    ? `email: { is: ${scalar(allow)} }`
    : `domain: { is: ${scalar(allow)} }`
  const about = `# What people may reach: "postern connect NAME". Nobody may use what has no policy.`
  if (service === undefined) {
    return `${about}
routes: []
#  - name: db
#    from: tcp+https://${gateway}/db.internal:5432
#    to: tcp://10.0.0.5:5432
#    policy:
#      - allow:
#          or:
#            - ${who}
`
  }
  const { name, to } = service
  return `${about}
routes:
  - name: ${scalar(name)}
    from: tcp+https://${gateway}/${routeHost(name)}:${to.port}
    to: tcp://${formatAuthority(to)}
    policy:
      - allow:
          or:
            - ${who}
`
}

/** What people ask for: behind the gateway's own host, so that it needs neither a record nor a certificate. */
function routeHost(name: string): string {
  return `${name}.internal`
}

/** Where docs/providers.md speaks of a provider. */
export function pageOf(provider: ProviderName): string {
  const place = provider === 'azure' ? 'microsoft-entra-id' : provider
  const isOwn = ['google', 'azure', 'okta', 'auth0', 'keycloak', 'github', 'gitlab'].includes(
    provider,
  )
  return `docs/providers.md#${isOwn ? place : 'others'}`
}

/** A text as YAML has it, in quotes where it needs them: on one line, so that none of it is read as a key. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0, blockQuote: false }).trimEnd()
}
