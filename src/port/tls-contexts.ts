import { constants, X509Certificate } from 'node:crypto'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TlsOptions,
} from 'node:tls'
import { withoutRootDot } from '../address.ts'
import { readAlternativeNames } from '../net/alternative-names.ts'
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
  /**
   * A handshake for one of these names, in lower case, waits for `made` until `setReserved` was called once. Where that
   * has not come of it, the name is answered as others are.
   */
  awaitReserved(serverNames: readonly string[], made: () => Promise<void>): void
}

interface Entry {
  readonly pair: Certificate
  readonly certificate: X509Certificate
  /** As `plainNames`. */
  readonly names: readonly string[] | undefined
  readonly context: SecureContext
}

/** Certificates by what they are for, since there may be hundreds and each handshake asks. */
interface Index {
  find(serverName: string): Entry | undefined
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
  let entries: readonly Entry[] = []
  let index: Index
  let usedCa: string | undefined
  let reserved: { readonly names: ReadonlySet<string>; readonly context: SecureContext } | undefined
  let awaited: { readonly names: ReadonlySet<string>; made(): Promise<void> } | undefined
  const contextFor = (name: string): SecureContext | undefined =>
    reserved?.names.has(name) === true
      ? reserved.context
      : (index.find(name) ?? entries[0])?.context
  const replace: TlsContexts['replace'] = (next, ca) => {
    const options = { ...policy, ...clientAuthentication(ca) }
    // A context takes a millisecond: of hundreds one that was renewed must not hold up all tunnels for the others.
    const former = new Map(usedCa === ca ? entries.map((entry) => [entry.pair.cert, entry]) : [])
    const reuse = (pair: Certificate): Entry | undefined => {
      const entry = former.get(pair.cert)
      return entry?.pair.key === pair.key ? entry : undefined
    }
    // First what OpenSSL may refuse: then nothing is replaced.
    entries = next.map((pair) => reuse(pair) ?? createEntry(pair, options))
    index = indexOf(entries)
    usedCa = ca
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
      const answer = (): void => done(null, contextFor(name))
      if (reserved !== undefined || awaited?.names.has(name) !== true) answer()
      else void awaited.made().then(answer)
    },
    replace,
    setReserved(serverNames, { cert, key }) {
      const context = createSecureContext({ ...policy, cert, key })
      reserved = { names: new Set(serverNames), context }
    },
    awaitReserved(serverNames, made) {
      awaited = { names: new Set(serverNames), made }
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

function createEntry(pair: Certificate, options: SecureContextOptions): Entry {
  const { cert, key } = pair
  const certificate = new X509Certificate(cert)
  return {
    pair,
    certificate,
    names: plainNames(certificate),
    context: createSecureContext({ ...options, cert, key }),
  }
}

/** The first that covers a name, as `checkHost` says; only those with patterns, or names of another kind, are asked. */
function indexOf(entries: readonly Entry[]): Index {
  const exact = new Map<string, number>()
  const others: number[] = []
  for (const [at, { names }] of entries.entries()) {
    if (names === undefined) others.push(at)
    else for (const name of names) if (!exact.has(name)) exact.set(name, at)
  }
  return {
    find(serverName) {
      const found = exact.get(serverName) ?? Infinity
      const other = others.find(
        (at) => at < found && entries[at]?.certificate.checkHost(serverName) !== undefined,
      )
      return entries[other ?? found]
    },
  }
}

/** The names of a certificate whose names are host names and nothing else; undefined for any other. */
function plainNames({ raw }: X509Certificate): readonly string[] | undefined {
  try {
    const { dns } = readAlternativeNames(raw)
    return dns.length > 0 && dns.every((name) => /^[\w.-]+$/.test(name))
      ? dns.map((name) => name.toLowerCase())
      : undefined
  } catch {
    return undefined
  }
}
