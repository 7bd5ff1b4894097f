import type { Administrators } from '../access/administrators.ts'
import type { LogLevel } from '../log.ts'
import type { ListenAddress } from '../net/listen-address.ts'
import type { DownstreamMtls } from '../port/client-certificates/trust.ts'
import type { ProxyProtocolSettings } from '../port/proxy-admission.ts'
import type { Certificate } from '../port/tls-contexts.ts'
import type { Autocert } from './readers/autocert.ts'
import type { Directory } from '../access/directory.ts'
import type { PeerLimits } from '../port/peers/peers.ts'
import type { Site } from '../publish/site.ts'
import type { SignInSettings } from './readers/sign-in.ts'
import type { ForwardSettings } from '../telemetry/forward/forwarding.ts'
import type { TracingSettings } from '../telemetry/tracing/settings.ts'
import type { ScimSettings } from '../scim/settings.ts'
import type { SshCaSettings } from '../ssh-ca/settings.ts'
import type { DownloadsSource } from '../downloads/source.ts'
import type { FilePolicy, FileRoute } from '../routes/in-file.ts'
import type { NewRoute } from '../routes/route.ts'
import type { ClientCertificateUse } from '../policy/language/shorthand.ts'

/** A whole configuration, checked: nothing below this needs to ask again whether it makes sense. */
export interface GatewayConfig extends SignInSettings {
  readonly address: ListenAddress
  /** Those of the gateway, and then those of its sites. */
  readonly certificates: readonly Certificate[]
  /** How the others are fetched; undefined: they are not. */
  readonly autocert?: Autocert | undefined
  /** Where plain HTTP is served; undefined: nowhere. */
  readonly httpRedirectAddress?: ListenAddress | undefined
  /** 32 bytes each, the first in use, the others former ones; none: a key generated once and kept in the state directory. */
  readonly sharedSecrets: readonly Buffer[]
  readonly cookieSecrets: readonly Buffer[]
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
  /** Where traces are sent; undefined: nowhere. */
  readonly tracing?: TracingSettings | undefined
  /** Where the audit log is sent. */
  readonly auditForward?: readonly ForwardSettings[]
  /** Hosts a sign-in may end at; `localhost` covers 127.0.0.0/8 and ::1 too. */
  readonly programmaticRedirectDomains: readonly string[]
  /** Whether machines without a browser may be signed in by a code. */
  readonly deviceLogin: boolean
  /** What SSH certificates say; undefined: none are made. */
  readonly sshCa?: SshCaSettings | undefined
  /** Who may provision users and groups; undefined: nobody. */
  readonly scim?: ScimSettings | undefined
  readonly proxyProtocol: ProxyProtocolSettings
  readonly peerLimits: PeerLimits
  /** Undefined: no client certificate is asked for. */
  readonly downstreamMtls?: DownstreamMtls | undefined
  /** Where people get the program; undefined where the gateway does not know. */
  readonly downloads?: DownloadsSource | undefined
  readonly stateDirectory: string
  /** Who runs the gateway besides whoever may open its control socket; undefined: nobody. */
  readonly administrators?: Administrators | undefined
  /** Groups besides those that the provider sends; undefined without a file of them. */
  readonly directory: Directory | undefined
  readonly routes: readonly NewRoute[]
  /** What was written of them, and of those that are disabled. */
  readonly fileRoutes: readonly FileRoute[]
  readonly filePolicies: readonly FilePolicy[]
  /** What policies are read with. */
  readonly clientCertificates: ClientCertificateUse
  /** Zones below which people may publish services of their own. */
  readonly sites: readonly Site[]
}
