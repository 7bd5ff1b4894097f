import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { SystemError, messageOf } from '../errors.ts'
import { readSmallFile } from './small-file.ts'

/** How the gateway proves who it is, and how we do when it asks for a client certificate. */
export interface TrustOptions {
  /** PEM file of further certificate authorities. */
  readonly caFile?: string | undefined
  /** The same as PEM itself, and where it is from. */
  readonly ca?: { readonly pem: string; readonly name: string } | undefined
  /** The same as base64 of PEM. */
  readonly caCertBase64?: string | undefined
  /** Believes any certificate: whoever is on the way can read and change everything. */
  readonly disableTlsVerification?: boolean | undefined
  /** PEM files; both or none. */
  readonly clientCertFile?: string | undefined
  readonly clientKeyFile?: string | undefined
  /** The same as PEM itself; both or none. */
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
}

/** Trust options, read and checked. */
export interface Trust {
  readonly isVerified: boolean
  /** Further authorities, PEM. */
  readonly extraCa: readonly string[]
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined
}

/**
 * Reads the files that trust options name.
 *
 * @throws SystemError `certificate-unreadable` or `client-key-missing`; also for a key that is locked
 * with a passphrase or belongs to another certificate
 */
export async function loadTrust(options: TrustOptions): Promise<Trust> {
  const { caFile, caCertBase64, clientCertFile, clientKeyFile } = options
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) {
    throw new SystemError(
      'client-key-missing',
      'a client certificate needs both "--client-cert" and "--client-key"',
    )
  }
  const { ca, clientCert, clientKey } = options
  const extraCa: string[] = []
  if (caFile !== undefined) extraCa.push(checkCertificates(await readPem(caFile), caFile))
  if (ca !== undefined) extraCa.push(checkCertificates(ca.pem, ca.name))
  if (caCertBase64 !== undefined) {
    extraCa.push(checkCertificates(Buffer.from(caCertBase64, 'base64').toString(), '--ca-cert'))
  }
  return {
    isVerified: options.disableTlsVerification !== true,
    extraCa,
    clientCertificate:
      clientCertFile !== undefined && clientKeyFile !== undefined
        ? await readClientCertificate(clientCertFile, clientKeyFile)
        : clientCert !== undefined && clientKey !== undefined
          ? checkPair(clientCert, 'client_cert', clientKey, 'client_key')
          : undefined,
  }
}

/**
 * Whom to believe at the first try, in the form of `tls.connect`. The authorities given by hand and no
 * others; without any, those that Node brings. Both are cheap. `allAuthorities` is the second try.
 */
export function firstAuthorities({ extraCa }: Trust): { ca?: string[] } {
  return extraCa.length > 0 ? { ca: [...extraCa] } : {}
}

/**
 * All authorities there are: those given by hand, Node's own and the operating system's, where
 * companies put theirs. Reading the system's store and parsing both takes about 100 ms, so only a
 * certificate that the first try cannot place pays for it.
 */
export function allAuthorities({ extraCa }: Trust): { ca: string[] } {
  return { ca: [...extraCa, ...getCACertificates('default'), ...getCACertificates('system')] }
}

/** The handshake would fail with OpenSSL's words, or go on without the certificate. */
async function readClientCertificate(
  certFile: string,
  keyFile: string,
): Promise<NonNullable<Trust['clientCertificate']>> {
  return checkPair(await readPem(certFile), certFile, await readPem(keyFile), keyFile)
}

function checkPair(
  pem: string,
  certName: string,
  key: string,
  keyName: string,
): NonNullable<Trust['clientCertificate']> {
  const cert = checkCertificates(pem, certName)
  if (!new X509Certificate(cert).checkPrivateKey(parseKey(key, keyName))) {
    const hint = `the certificate that belongs to the key must come first in "${certName}"`
    throw unreadable(keyName, `it is not the key of "${certName}"`, undefined, hint)
  }
  return { cert, key }
}

function parseKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    // `ENCRYPTED PRIVATE KEY` of PKCS #8, or the older `Proc-Type: 4,ENCRYPTED`.
    if (!pem.includes('ENCRYPTED')) {
      throw unreadable(name, 'expected a private key in PEM', error)
    }
    const hint = 'write an open copy that only you can read: openssl pkey -in FILE -out OPEN.pem'
    throw unreadable(name, 'it is locked with a passphrase', error, hint)
  }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readSmallFile(path)
  } catch (error) {
    throw unreadable(path, messageOf(error), error)
  }
}

/** OpenSSL passes over what it cannot read, and the handshake would fail with a misleading reason. */
function checkCertificates(pem: string, name: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw unreadable(name, 'expected at least one PEM certificate')
  for (const block of blocks) {
    try {
      void new X509Certificate(block)
    } catch (error) {
      throw unreadable(name, messageOf(error), error)
    }
  }
  return blocks.join('\n')
}

function unreadable(name: string, why: string, cause?: unknown, hint?: string): SystemError {
  return new SystemError('certificate-unreadable', `cannot use "${name}": ${why}`, { cause, hint })
}
