import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type Provider from 'oidc-provider'
import type { Configuration, JWK } from 'oidc-provider'
import { isLoopbackHost } from '../address.ts'
import { post } from './post.ts'
import { errorPage } from './pages.ts'
import { claimsOf } from './people.ts'
import type { People } from './people.ts'
import type { TokenStorage } from './token-storage.ts'

export interface OidcOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  readonly accessTokenTtlSeconds: number
  readonly rotatesRefreshTokens: boolean
  readonly groupsClaim: string
  readonly people: People
  readonly storage: TokenStorage
  readonly backchannelLogout: BackchannelLogout | undefined
  /** Called at every completed authorization. */
  readonly onSignIn: () => void
  /** Called with what each of them is answered, and each question for tokens. */
  readonly onIssued: ((issued: object) => void) | undefined
}

/** Where a logout is said, and by which authority the place is known (PEM; the system's without it). */
export interface BackchannelLogout {
  readonly uri: string
  readonly ca?: string
}

export const scopes = ['openid', 'profile', 'email', 'groups', 'offline_access']

/** Where the sign-in page of one authorization request lies. */
export const signInPath = '/sign-in/'

const daySeconds = 86_400

/** Makes the OpenID provider with a signing key of its own: making it again rotates the key. */
export async function createOidc(options: OidcOptions): Promise<Provider> {
  const Oidc = await importQuietly()
  const provider = new Oidc(options.issuer, configuration(options))
  provider.on('authorization.success', (_ctx, response) => {
    options.onSignIn()
    options.onIssued?.(response ?? {})
  })
  provider.on('grant.success', ({ body }) => options.onIssued?.(body ?? {}))
  allowLoopbackRedirects(provider, options.redirectUris)
  return provider
}

function configuration(options: OidcOptions): Configuration {
  const { people, storage, groupsClaim, backchannelLogout } = options
  return {
    adapter: (model: string) => storage.adapter(model),
    jwks: { keys: [generateSigningKey()] },
    clients: [clientOf(options)],
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: backchannelLogout !== undefined, logoutSource },
      backchannelLogout: { enabled: backchannelLogout !== undefined },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: { enabled: false },
    },
    fetch: (url, init) => post(new Request(url).url, init ?? {}, backchannelLogout?.ca),
    scopes,
    claims: claimsByScope(people, groupsClaim),
    // Claims also in the id token: many providers do so, and a client must cope with both.
    conformIdTokenClaims: false,
    findAccount: (_ctx, id) => {
      const person = people.byId(id)
      return (
        person && { accountId: id, claims: () => claimsOf(people.byId(id) ?? person, groupsClaim) }
      )
    },
    interactions: { url: (_ctx, interaction) => `${signInPath}${interaction.uid}` },
    loadExistingGrant: grantEverything,
    // Always, since the library drops `offline_access` from requests without `prompt=consent`.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: options.rotatesRefreshTokens,
    pkce: { required: () => true },
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = errorPage(out.error, out.error_description)
    },
    ttl: {
      AccessToken: options.accessTokenTtlSeconds,
      AuthorizationCode: 60,
      Grant: daySeconds,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: daySeconds,
      Session: daySeconds,
    },
  }
}

function clientOf(options: OidcOptions) {
  const { clientId, clientSecret, issuer, redirectUris, backchannelLogout } = options
  return {
    client_id: clientId,
    client_secret: clientSecret,
    client_name: 'Postern',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    // The library wants at least one; `allowLoopbackRedirects` adds the rest.
    redirect_uris: redirectUris.length > 0 ? [...redirectUris] : [`${issuer}/unused`],
    id_token_signed_response_alg: 'ES256' as const,
    ...(backchannelLogout && {
      backchannel_logout_uri: backchannelLogout.uri,
      backchannel_logout_session_required: true,
    }),
  }
}

function claimsByScope(people: People, groupsClaim: string): Record<string, string[]> {
  const further = people.list().flatMap(({ claims }) => Object.keys(claims ?? {}))
  return {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', ...new Set(further)],
    groups: [groupsClaim],
  }
}

/** Consent is not what this provider is for: whoever signs in has agreed to everything asked. */
const grantEverything: NonNullable<Configuration['loadExistingGrant']> = async (ctx) => {
  const { client, session, provider, params } = ctx.oidc
  if (!client || !session?.accountId) return undefined
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  const scope = params?.['scope']
  grant.addOIDCScope(typeof scope === 'string' ? scope : 'openid')
  await grant.save()
  return grant
}

/**
 * Lets a sign-in end at any port and path of this machine, besides the listed URIs: a gateway's port
 * is often known only after its provider has started.
 */
function allowLoopbackRedirects(provider: Provider, redirectUris: readonly string[]): void {
  provider.Client.prototype.redirectUriAllowed = (uri: string) =>
    redirectUris.includes(uri) || isLoopbackHost(URL.parse(uri)?.hostname ?? '')
}

function generateSigningKey(): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ format: 'jwk' })
  return { ...key, kty: 'EC', use: 'sig', alg: 'ES256', kid: randomBytes(8).toString('hex') }
}

/** Sends the client the library's own logout token; throws where it is not heard. */
export async function sayLogout(
  provider: Provider,
  who: { readonly clientId: string; readonly accountId: string; readonly sid: string | undefined },
): Promise<void> {
  const client = await provider.Client.find(who.clientId)
  // Its types leave the method out.
  const said = client as unknown as {
    backchannelLogout(sub: string, sid: string | undefined): Promise<void>
  }
  await said.backchannelLogout(who.accountId, who.sid)
}

function logoutSource(ctx: { body?: unknown }, form: string): void {
  const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>'
  ctx.body = `<!doctype html><title>Sign out</title>${form}${button}`
}

let imported: Promise<typeof Provider> | undefined

/**
 * The library warns on stderr, while it is loaded, about every Node.js that is not (yet) a long-term
 * release; ours is pinned. It has no setting for that, so its one line is held back.
 */
function importQuietly(): Promise<typeof Provider> {
  imported ??= withoutWarning(
    'Unsupported runtime',
    async () => (await import('oidc-provider')).default,
  )
  return imported
}

/* oxlint-disable no-console -- the library writes to the console itself */
async function withoutWarning<T>(unwanted: string, run: () => Promise<T>): Promise<T> {
  const { warn } = console
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).includes(unwanted)) warn(...args)
  }
  try {
    return await run()
  } finally {
    console.warn = warn
  }
}
