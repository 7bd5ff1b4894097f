import type { ClientCertificateUse } from '../policy/language/shorthand.ts'
import type { FilePolicy, FileRoute } from '../routes/in-file.ts'
import type { NewRoute } from '../routes/route.ts'

/** What the configuration file says that stored routes and policies stand beside; a part of `GatewayConfig`. */
export interface FileAccess {
  /** Those in use. */
  readonly routes: readonly NewRoute[]
  readonly fileRoutes: readonly FileRoute[]
  readonly filePolicies: readonly FilePolicy[]
  /** Who administers, and the namespaces there are. */
  readonly administrators?:
    | { readonly namespaces: readonly { readonly name: string }[] }
    | undefined
  readonly clientCertificates: ClientCertificateUse
  readonly cookieExpireMs: number
  /** Where people sign in, which is no application. */
  readonly authenticateServiceUrl: URL | undefined
  /** Without one nobody signs in. */
  readonly identityProviders: readonly { readonly id: string }[]
  /** Whether people have accounts of the gateway itself, and sign in by these. **Default:** false */
  readonly localAccounts?: boolean
}
