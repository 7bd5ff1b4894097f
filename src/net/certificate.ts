import 'reflect-metadata'
import { isIP } from 'node:net'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate (chain) and its private key, PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

/** A certificate authority that lives as long as this value: its key is never written anywhere. */
export interface CertificateAuthority {
  /** The authority's own certificate, PEM: what clients must trust. */
  readonly cert: string
  /** Signs a server certificate for these DNS names and IP addresses. */
  issue(hosts: readonly string[], options?: IssueOptions): Promise<CertificatePair>
}

export interface IssueOptions {
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface AuthorityOptions extends IssueOptions {
  /** Common name of the authority, as browsers show it. */
  readonly name?: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

/**
 * Makes a certificate authority with an ECDSA P-256 key, for the quickstart, examples and tests.
 * Its certificates are valid from an hour ago (clocks differ) for 90 days.
 */
export async function createCertificateAuthority(
  options: AuthorityOptions = {},
): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const name = `CN=${options.name ?? 'Postern example CA'}`
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(options),
    serialNumber: serialNumber(),
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    cert: `${authority.toString('pem')}\n`,
    issue: (hosts, issueOptions = {}) => issue(authority, keys.privateKey, hosts, issueOptions),
  }
}

async function issue(
  authority: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  hosts: readonly string[],
  options: IssueOptions,
): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(options),
    serialNumber: serialNumber(),
    subject: `CN=${hosts[0] ?? 'postern'}`,
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
  }
}

/** 127 random bits: positive and at most 20 octets (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}

function validity({ notBefore, notAfter }: IssueOptions): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: notBefore ?? new Date(Date.now() - dayMs / 24),
    notAfter: notAfter ?? new Date(Date.now() + 90 * dayMs),
  }
}
