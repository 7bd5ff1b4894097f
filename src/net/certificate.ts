import 'reflect-metadata'
import { isIP } from 'node:net'
import { createPublicKey, randomBytes, webcrypto, type KeyObject } from 'node:crypto'
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
  /** Signs a client certificate with these names. */
  issueClient(names: ClientNames, options?: IssueOptions): Promise<CertificatePair>
  /** Signs another authority; this one needs a `pathLength` of at least one. */
  issueAuthority(options: AuthorityOptions): Promise<CertificateAuthority>
  /** A list of what it has revoked, PEM: these certificates, PEM. */
  revoke(certificates: readonly string[], options?: RevokeOptions): Promise<string>
}

/** The names of a client: a common name, empty for a certificate without a subject, and others by kind. */
export interface ClientNames {
  readonly name: string
  readonly dns?: readonly string[]
  readonly email?: readonly string[]
  readonly uri?: readonly string[]
  readonly ip?: readonly string[]
  /** User principal names. */
  readonly upn?: readonly string[]
}

export interface RevokeOptions {
  /** When the next list is due; in a day unless given. */
  readonly nextUpdate?: Date
}

export interface IssueOptions {
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface AuthorityOptions extends IssueOptions {
  /** Common name of the authority, as browsers show it; empty for one without a subject. */
  readonly name?: string
  /** How many further authorities may stand below it. **Default:** 0 */
  readonly pathLength?: number
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
  return selfSigned(
    await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    options,
  )
}

/** An authority whose ECDSA P-256 key is kept elsewhere: the same one each time, for the same options. */
export async function authorityFromKey(
  key: KeyObject,
  options: Required<Pick<AuthorityOptions, 'name' | 'notBefore' | 'notAfter'>>,
): Promise<CertificateAuthority> {
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey(
      'pkcs8',
      key.export({ format: 'der', type: 'pkcs8' }),
      algorithm,
      false,
      ['sign'],
    ),
    webcrypto.subtle.importKey(
      'spki',
      createPublicKey(key).export({ format: 'der', type: 'spki' }),
      algorithm,
      true,
      ['verify'],
    ),
  ])
  return selfSigned({ privateKey, publicKey }, options)
}

async function selfSigned(
  keys: webcrypto.CryptoKeyPair,
  options: AuthorityOptions,
): Promise<CertificateAuthority> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(options),
    serialNumber: serialNumber(),
    name: authorityName(options),
    keys,
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(keys.publicKey, options),
  })
  return authorityOf({ certificate, signingKey: keys.privateKey })
}

/** An authority's certificate and the key it signs with. */
interface Signer {
  readonly certificate: x509.X509Certificate
  readonly signingKey: webcrypto.CryptoKey
}

function authorityOf(signer: Signer): CertificateAuthority {
  return {
    cert: `${signer.certificate.toString('pem')}\n`,
    issue: (hosts, options = {}) =>
      issue(signer, subjectOf(hosts[0] ?? 'postern'), options, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
        ),
      ]),
    issueClient: (names, options = {}) =>
      issue(signer, subjectOf(names.name), options, [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
      ]),
    issueAuthority: (options) => issueAuthority(signer, options),
    revoke: (certificates, options = {}) => revoke(signer, certificates, options),
  }
}

function alternativeNames(names: ClientNames): x509.JsonGeneralName[] {
  const { dns = [], email = [], uri = [], ip = [], upn = [] } = names
  const kinds = Object.entries({ dns, email, url: uri, ip, upn })
  return kinds.flatMap(([type, values]) =>
    values.map((value) => ({ type: type as x509.GeneralNameType, value })),
  )
}

function authorityName({ name = 'Postern example CA' }: AuthorityOptions): string {
  return subjectOf(name)
}

function subjectOf(commonName: string): string {
  return commonName === '' ? '' : `CN=${commonName}`
}

async function authorityExtensions(
  publicKey: webcrypto.CryptoKey,
  { pathLength = 0 }: AuthorityOptions,
): Promise<x509.Extension[]> {
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(usage, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ]
}

async function issueAuthority(
  { certificate: issuer, signingKey }: Signer,
  options: AuthorityOptions,
): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(options),
    serialNumber: serialNumber(),
    subject: authorityName(options),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      ...(await authorityExtensions(keys.publicKey, options)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return authorityOf({ certificate, signingKey: keys.privateKey })
}

async function revoke(
  { certificate: issuer, signingKey }: Signer,
  certificates: readonly string[],
  { nextUpdate = new Date(Date.now() + dayMs) }: RevokeOptions,
): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: new Date(nextUpdate.getTime() - 2 * dayMs),
    nextUpdate,
    signingAlgorithm: algorithm,
    signingKey,
    entries: certificates.map((pem) => ({
      serialNumber: new x509.X509Certificate(pem).serialNumber,
      revocationDate: new Date(nextUpdate.getTime() - 2 * dayMs),
    })),
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(issuer)],
  })
  // RFC 7468 §6; the library's own label is another.
  return `${x509.PemConverter.encode(list.rawData, 'X509 CRL')}\n`
}

async function issue(
  { certificate: issuer, signingKey }: Signer,
  subject: string,
  options: IssueOptions,
  extensions: readonly x509.Extension[],
): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(options),
    serialNumber: serialNumber(),
    subject,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...extensions,
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
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
