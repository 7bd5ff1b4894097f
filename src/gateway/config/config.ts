import type { IpRange } from '../../ip-ranges.ts'
import type { LogLevel } from '../../log.ts'
import type { RevocationList } from '../client-certificates/revocation-list.ts'
import type { Directory } from '../directory.ts'
import type { PeerLimits } from '../peers/peers.ts'
import type { Route } from '../routes/route.ts'

/** A listening address; `host` undefined means every address of the machine. */
export interface ListenAddress {
  readonly host: string | undefined
  /** 0 for a port the system chooses. */
  readonly port: number
}

/** A certificate chain and its key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** How people sign in. */
export interface IdentityProvider {
  /** Issuer; `https`, or `http` on a loopback host. */
  readonly url: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: readonly string[]
  /** Asked for as well, where the provider says that it knows them. */
  readonly scopesIfKnown: readonly string[]
  /** Names or paths of the claims that list a person's groups and give their email address. */
  readonly groupsClaim: string
  readonly emailClaim: string
  readonly trustsMissingEmailVerified: boolean
}

/** Who begins a connection with a PROXY header. */
export interface ProxyProtocolSettings {
  /** Whether there must be one; `optional`: only those in `from` may send one, and need not. */
  readonly use: boolean | 'optional'
  /** Who may send one; undefined: whoever reaches the port. */
  readonly from: readonly IpRange[] | undefined
}

/** Whose client certificates are asked for, and which of them are trusted. */
export interface DownstreamMtls {
  /** Certificates of the authorities, PEM. */
  readonly ca: string
  /** What these have revoked; undefined: nothing is looked up. */
  readonly revocationLists: readonly RevocationList[] | undefined
  readonly enforcement: 'policy_with_default_deny' | 'policy' | 'reject_connection'
  /** Some name of a certificate must match one of these, when there are any. */
  readonly matchSubjectAltNames: readonly {
    readonly kind: 'dns' | 'email' | 'ip_address' | 'uri' | 'user_principal_name'
    readonly pattern: string
    matches(name: string): boolean
  }[]
  /** Most authorities above a certificate; 0 for any number. */
  readonly maxVerifyDepth: number
}

/** A whole configuration, checked: nothing below this needs to ask again whether it makes sense. */
export interface GatewayConfig {
  readonly address: ListenAddress
  readonly certificates: readonly Certificate[]
  /** Origin where the whole sign-in runs; undefined when no route needs one. */
  readonly authenticateServiceUrl: URL | undefined
  readonly identityProvider: IdentityProvider | undefined
  /** 32 bytes; undefined: a key generated once and kept in the state directory. */
  readonly sharedSecret: Buffer | undefined
  readonly cookieSecret: Buffer | undefined
  /** 32 bytes each; the first encrypts stored tokens, none: by the shared secret. */
  readonly tokenEncryptionKeys: readonly Buffer[]
  readonly cookieName: string
  readonly cookieExpireMs: number
  readonly sessionRefreshIntervalMs: number
  /** A connection without any request under way is closed after this; 0 for never. */
  readonly timeoutIdleMs: number
  /** Time to receive one whole request head; 0 for no limit. */
  readonly timeoutReadMs: number
  /** Longest life of any response, tunnels included; 0 for no limit. */
  readonly timeoutWriteMs: number
  /** Most tunnels of one person or service account at once; 0 for no limit. */
  readonly maxTunnelsPerUser: number
  /** 0 for any number. */
  readonly maxSessionsPerUser: number
  readonly logLevel: LogLevel
  /** Undefined: the default fields. */
  readonly accessLogFields: readonly string[] | undefined
  readonly authorizeLogFields: readonly string[] | undefined
  readonly metricsAddress: ListenAddress | undefined
  /** Hosts a sign-in may end at; `localhost` covers 127.0.0.0/8 and ::1 too. */
  readonly programmaticRedirectDomains: readonly string[]
  /** Whether machines without a browser may be signed in by a code. */
  readonly deviceLogin: boolean
  readonly proxyProtocol: ProxyProtocolSettings
  readonly peerLimits: PeerLimits
  /** Undefined: no client certificate is asked for. */
  readonly downstreamMtls?: DownstreamMtls | undefined
  readonly stateDirectory: string
  /** Groups besides those that the provider sends; undefined without a file of them. */
  readonly directory: Directory | undefined
  readonly routes: readonly Route[]
}
