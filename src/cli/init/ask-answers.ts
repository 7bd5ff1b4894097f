import { isIP } from 'node:net'
import { parseAuthority, parseHost } from '../../address.ts'
import { providers, type ProviderKind, type ProviderName } from '../../config/keys/providers.ts'
import { issuer } from '../../config/keys/values.ts'
import { SystemError } from '../../errors.ts'
import { parseListenAddress } from '../../net/listen-address.ts'
import {
  allowedWith,
  isPublicName,
  listenFor,
  originOf,
  type AcmeAuthority,
  type CertificateChoice,
  type ClientSecret,
  type FirstService,
  type InitAnswers,
  type ProviderChoice,
  type SignInChoice,
} from './answers.ts'
import type { Question, Questions } from './questions.ts'

/** What the command line says already. */
export interface InitFlags {
  readonly host?: string
  readonly listen?: string
  readonly certificates?: CertificateChoice['kind']
  readonly autocertCa?: string
  readonly autocertTrustedCaFile?: string
  readonly certificateFile?: string
  readonly certificateKeyFile?: string
  readonly provider?: string
  readonly providerUrl?: string
  readonly clientId?: string
  readonly clientSecretFile?: string
  readonly email?: string
  readonly allow?: string
  readonly service?: string
}

/**
 * Puts the decisions together: from the command line, else by a question, else by what is usual. `questions` undefined:
 * nobody can be asked.
 *
 * @throws SystemError `init-incomplete`, with every option that is missing; `init-invalid` for one that says nothing
 */
export async function askAnswers(
  flags: InitFlags,
  questions: Questions | undefined,
): Promise<InitAnswers> {
  const missing: string[] = []
  const decide = async <T>(
    given: string | undefined,
    option: string,
    question: Question<T>,
  ): Promise<T> => {
    const text = given ?? (questions === undefined ? question.fallback : undefined)
    if (text !== undefined) {
      const parsed = question.parse(text.trim())
      if ('value' in parsed) return parsed.value
      throw new SystemError('init-invalid', `"${option}": ${parsed.fault}`)
    }
    if (questions !== undefined) return questions.ask(question)
    missing.push(option)
    // Never read: what is missing is told before.
    return undefined as T
  }
  const host = await decide(flags.host, '--host', hostQuestion)
  const email = await decide(flags.email, '--email', emailQuestion)
  const isAcme = flags.autocertCa === undefined ? undefined : 'acme'
  const kind = await decide(flags.certificates ?? filesIf(flags) ?? isAcme, '--certificates', {
    ...certificatesQuestion,
    fallback: host !== undefined && isPublicName(host) ? 'acme' : 'local',
  })
  const certificates: CertificateChoice =
    kind === 'files'
      ? {
          kind,
          certificate: await decide(
            flags.certificateFile,
            '--certificate-file',
            pathOf('File with the certificate chain, PEM'),
          ),
          key: await decide(
            flags.certificateKeyFile,
            '--certificate-key-file',
            pathOf('File with its key, PEM'),
          ),
        }
      : kind === 'acme'
        ? { kind, authority: await authorityOf(flags, decide) }
        : { kind }
  const listen = await decide(flags.listen ?? listenFor(host ?? ''), '--listen', listenQuestion)
  const provider = await decide(flags.provider, '--provider', providerQuestion)
  const origin = missing.length > 0 ? '' : originOf({ host, listen, certificates })
  const signIn: SignInChoice =
    provider === 'passkeys'
      ? { provider }
      : await decideProvider({ provider, origin }, flags, decide)
  const service = await decide(flags.service, '--service', serviceQuestion)
  if (missing.length > 0) throw incomplete(missing)
  const usual = allowedWith(email ?? '')
  const allow = await decide(
    flags.allow ?? (service === undefined ? usual : undefined),
    '--allow',
    {
      ...allowQuestion,
      fallback: usual,
    },
  )
  return { host, listen, certificates, signIn, email, allow, service }
}

type Decide = <T>(given: string | undefined, option: string, question: Question<T>) => Promise<T>

async function decideProvider(
  { provider, origin }: { readonly provider: ProviderName | undefined; readonly origin: string },
  flags: InitFlags,
  decide: Decide,
): Promise<ProviderChoice> {
  const kind: ProviderKind = providers[provider ?? 'oidc']
  const url =
    kind.url === undefined && provider !== undefined
      ? await decide(flags.providerUrl, '--provider-url', {
          text: `Its address, such as ${kind.urlForm ?? 'https://login.example.com'}`,
          parse: parseIssuer,
        })
      : undefined
  const clientId = await decide(flags.clientId, '--client-id', {
    about: [
      'Register the gateway at the provider, which gives you a client id and a secret. It asks for a redirect address:',
      `  ${origin}/oauth2/callback`,
    ],
    text: 'Client id',
    parse: parseText,
  })
  const secret: ClientSecret =
    flags.clientSecretFile === undefined
      ? await decide<ClientSecret>(undefined, '--client-secret-file', {
          text: 'Client secret (not shown; it is kept in a file that only you can read)',
          parse: (answer) =>
            answer === '' ? { fault: 'it cannot be empty' } : { value: { text: answer } },
          isSecret: true,
        })
      : { file: flags.clientSecretFile }
  return { provider: provider ?? 'oidc', url, clientId, secret }
}

async function authorityOf(
  { autocertCa, autocertTrustedCaFile: caFile }: InitFlags,
  decide: Decide,
): Promise<AcmeAuthority | undefined> {
  if (autocertCa === undefined) return undefined
  const question = { text: 'ACME directory', parse: parseIssuer }
  return { url: await decide(autocertCa, '--autocert-ca', question), caFile }
}

function filesIf({ certificateFile, certificateKeyFile }: InitFlags): 'files' | undefined {
  return certificateFile === undefined && certificateKeyFile === undefined ? undefined : 'files'
}

function incomplete(options: readonly string[]): SystemError {
  const all = options.map((option) => `"${option}"`).join(', ')
  return new SystemError('init-incomplete', `what is needed is not said: ${all}`, {
    hint: 'add these options, or run it in a terminal, where it asks',
  })
}

const hostQuestion: Question<string> = {
  about: [
    'The host name by which people reach this gateway; "localhost" to try it on this machine.',
  ],
  text: 'Host name',
  parse(answer) {
    const host = parseHost(answer.toLowerCase())
    if (host === undefined || host.includes('*')) {
      return { fault: `"${answer}" is no host name such as access.example.com, without a port` }
    }
    return isIP(host) === 0
      ? { value: host }
      : { fault: 'it must be a name: browsers and certificates want one' }
  },
}

const emailQuestion: Question<string> = {
  about: ['Your email address: you administer the gateway with it.'],
  text: 'Email address',
  parse: (answer) =>
    /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(answer)
      ? { value: answer.toLowerCase() }
      : { fault: `"${answer}" is no email address` },
}

const certificatesQuestion: Question<CertificateChoice['kind']> = {
  about: [
    'Certificates: "acme" has the gateway fetch them from Let\'s Encrypt (the name must lead here, port 443 open to the',
    'Internet), "local" makes an authority of your own for trying things out, "files" takes yours.',
  ],
  text: 'Certificates',
  parse: (answer) =>
    answer === 'acme' || answer === 'local' || answer === 'files'
      ? { value: answer }
      : { fault: 'say "acme", "local" or "files"' },
}

const listenQuestion: Question<string> = {
  text: 'Where it listens',
  parse: (answer) =>
    parseListenAddress(answer) === undefined
      ? { fault: `"${answer}" is no address to listen on such as :443 or 127.0.0.1:8443` }
      : { value: answer },
}

const usable = Object.entries(providers)
  .filter(([, kind]) => !('refused' in kind))
  .map(([name]) => name as ProviderName)

const providerQuestion: Question<ProviderName | 'passkeys'> = {
  about: [
    'Who says who people are: "passkeys" has you invite them, and needs nobody else; or an identity provider,',
    `${usable.join(', ')}.`,
    '"oidc" is any other OpenID Connect provider, "azure" Microsoft Entra ID; docs/providers.md says what to enter there.',
  ],
  text: 'Provider',
  fallback: 'passkeys',
  parse(answer) {
    const names = ['passkeys', ...usable] as const
    const name = names.find((it) => it === answer.toLowerCase())
    return name === undefined ? { fault: `say one of ${names.join(', ')}` } : { value: name }
  },
}

const serviceQuestion: Question<FirstService | undefined> = {
  about: ['A first service to reach, as NAME=HOST:PORT such as db=10.0.0.5:5432; empty for none.'],
  text: 'Service',
  fallback: '',
  parse(answer) {
    if (answer === '') return { value: undefined }
    const [, name, authority = ''] =
      /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)=(.+)$/i.exec(answer) ?? []
    const to = parseAuthority(authority.replace(/^tcp:\/\//, ''))
    if (name === undefined || to === undefined)
      return { fault: `"${answer}" must be NAME=HOST:PORT, such as db=10.0.0.5:5432` }
    return { value: { name: name.toLowerCase(), to } }
  },
}

const allowQuestion: Question<string> = {
  about: ['Who may use it: everybody of a domain (example.com), or one person (ann@example.com).'],
  text: 'Who',
  parse(answer) {
    const isPerson = answer.includes('@')
    const isGood = isPerson
      ? /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(answer)
      : parseHost(answer) !== undefined && answer.includes('.')
    return isGood
      ? { value: answer.toLowerCase() }
      : { fault: `"${answer}" is neither a domain nor an email address` }
  },
}

function pathOf(text: string): Question<string> {
  return { text, parse: parseText }
}

function parseText(answer: string): { readonly value: string } | { readonly fault: string } {
  return answer === '' ? { fault: 'it cannot be empty' } : { value: answer }
}

function parseIssuer(answer: string): { readonly value: string } | { readonly fault: string } {
  const parsed = issuer.safeParse(answer)
  return parsed.success
    ? { value: answer }
    : { fault: `"${answer}" must be an https URL such as https://login.example.com` }
}
