import { constants, X509Certificate } from 'node:crypto'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls'
import { withoutRootDot } from '../address.ts'
import { handshakeSignatures } from '../net/runtime-tls.ts'

/** A certificate chain and its key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Which certificate answers which server name. Replaceable while connections are accepted. */
export interface TlsContexts {
  /** For clients that send no server name, and whether clients are asked for a certificate. */
  readonly base: TlsOptions
  /** For `SNICallback`: the first certificate that covers the name, else the first of all. */
  select(serverName: string, done: (error: Error | null, context?: SecureContext) => void): void
  /**
   * `clientCa`: the authorities of client certificates, PEM; undefined: no client is asked for one. Throws, and
   * replaces nothing, for what OpenSSL refuses.
   */
  replace(certificates: readonly Certificate[], clientCa?: string): void
  /**
   * From now on these names, in lower case, are answered with this certificate and no other name is, whatever
   * `replace` is given.
   */
  setReserved(serverNames: readonly string[], certificate: Certificate): void
}

interface Entry {
  readonly certificate: X509Certificate
  readonly context: SecureContext
}

/** Pomerium's limits (reference 3.7): TLS 1.2 with forward secrecy and AEAD only, and TLS 1.3. */
const policy: SecureContextOptions = {
  ...handshakeSignatures,
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
}

/**
 * Makes the contexts for these certificates; there is at least one. `clientCa`: the authorities of
 * client certificates, PEM; undefined: no client is asked for one.
 */
export function createTlsContexts(
  certificates: readonly Certificate[],
  clientCa?: string,
): TlsContexts {
  let base: TlsOptions
  let entries: readonly Entry[]
  let reserved: { readonly names: ReadonlySet<string>; readonly context: SecureContext } | undefined
  const replace: TlsContexts['replace'] = (next, ca) => {
    const options = { ...policy, ...clientAuthentication(ca) }
    // First what OpenSSL may refuse: then nothing is replaced.
    entries = next.map((certificate) => createEntry(certificate, options))
    base = { ...options, ...askFor(ca), ...next[0] }
  }
  replace(certificates, clientCa)
  return {
    get base() {
      return base
    },
    select(serverName, done) {
      // Some clients send the dot that RFC 6066 §3 leaves out.
      const name = withoutRootDot(serverName).toLowerCase()
      if (reserved?.names.has(name) === true) return done(null, reserved.context)
      const match = entries.find(({ certificate }) => certificate.checkHost(name) !== undefined)
      done(null, (match ?? entries[0])?.context)
    },
    replace,
    setReserved(serverNames, { cert, key }) {
      const context = createSecureContext({ ...policy, cert, key })
      reserved = { names: new Set(serverNames), context }
    },
  }
}

/** The gateway itself judges what is shown, also when it closes the connection for it. */
function askFor(ca: string | undefined): TlsOptions {
  return ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false }
}

/**
 * Every authority ends a chain, a root or not, as in Pomerium. No session is resumed: it would bring
 * back the verdict of an earlier handshake, and a certificate without those sent along with it.
 */
function clientAuthentication(ca: string | undefined): SecureContextOptions {
  return ca === undefined
    ? {}
    : { ca, allowPartialTrustChain: true, secureOptions: constants.SSL_OP_NO_TICKET }
}

function createEntry({ cert, key }: Certificate, options: SecureContextOptions): Entry {
  return {
    certificate: new X509Certificate(cert),
    context: createSecureContext({ ...options, cert, key }),
  }
}
