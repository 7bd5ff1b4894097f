import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Certificate } from './config/config.ts'

/** Which certificate answers which server name. Replaceable while connections are accepted. */
export interface TlsContexts {
  /** For clients that send no server name. */
  readonly base: SecureContextOptions
  /** For `SNICallback`: the first certificate that covers the name, else the first of all. */
  select(serverName: string, done: (error: Error | null, context?: SecureContext) => void): void
  replace(certificates: readonly Certificate[]): void
}

interface Entry {
  readonly certificate: X509Certificate
  readonly context: SecureContext
}

/** Pomerium's limits (reference 3.7): TLS 1.2 with forward secrecy and AEAD only, and TLS 1.3. */
const policy: SecureContextOptions = {
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

/** Makes the contexts for these certificates; there is at least one. */
export function createTlsContexts(certificates: readonly Certificate[]): TlsContexts {
  let base: SecureContextOptions = { ...policy, ...certificates[0] }
  let entries = certificates.map(createEntry)
  return {
    get base() {
      return base
    },
    select(serverName, done) {
      const match = entries.find(
        ({ certificate }) => certificate.checkHost(serverName) !== undefined,
      )
      done(null, (match ?? entries[0])?.context)
    },
    replace(next) {
      base = { ...policy, ...next[0] }
      entries = next.map(createEntry)
    },
  }
}

function createEntry({ cert, key }: Certificate): Entry {
  return {
    certificate: new X509Certificate(cert),
    context: createSecureContext({ ...policy, cert, key }),
  }
}
