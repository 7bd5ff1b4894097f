import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { CertificatePair } from '../certificate.ts'
import { openssl } from '../openssl.fixture.ts'

/** Files of somebody who signs answers. */
export interface Signer {
  readonly certFile: string
  readonly keyFile: string
}

export interface IssueOptions {
  /** Where answers are given; undefined: the certificate does not say. */
  readonly responder: string | undefined
  /** **Default:** true */
  readonly mustStaple?: boolean
}

/** A certificate with its issuer's behind it. */
export interface Issued extends CertificatePair {
  readonly leaf: X509Certificate
  readonly issuer: X509Certificate
}

export interface CertifyOptions {
  /** **Default:** 20 */
  readonly days?: number
  /** As of `openssl req`. **Default:** of ECDSA, P-256 */
  readonly key?: readonly string[]
}

/** An authority of OpenSSL's, which answers how its certificates stand as `openssl ocsp` does. */
export interface OcspAuthority extends Signer {
  readonly certificate: X509Certificate
  issue(host: string, options: IssueOptions): Promise<Issued>
  revoke(issued: Issued): void
  /** Knows nothing of it any more. */
  forget(issued: Issued): void
  /** Certifies somebody, with this extended key usage where there is one. */
  certify(name: string, usage: string | undefined, options?: CertifyOptions): Promise<Signer>
  /** Answers a request. `args`: as of `openssl ocsp`; without `-nmin` or `-ndays` the answer says no end. */
  answer(request: Buffer, by?: Signer, args?: readonly string[]): Promise<Buffer>
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes one, with all its files in a folder of its own. */
export async function openOcspAuthority(
  folder: string,
  name = 'OCSP test authority',
): Promise<OcspAuthority> {
  const own = mkdtempSync(join(folder, 'authority-'))
  const at = (file: string): string => join(own, file)
  const [certFile, keyFile] = [at('ca.pem'), at('ca.key')]
  const made = [...newKey, '-keyout', keyFile, '-out', certFile, '-days', '30']
  await openssl(['req', '-x509', ...made, '-subj', `/CN=${name}`])
  const cert = readFileSync(certFile, 'utf8')
  const states = new Map<string, string>()
  let count = 0

  /** Serial numbers with their first bit set, before which DER has a zero. */
  async function sign(
    subject: string,
    extensions: readonly string[],
    { days = 20, key: kind = newKey }: CertifyOptions = {},
  ) {
    count += 1
    const [key, csr, pem, ext] = ['key', 'csr', 'pem', 'ext'].map((end) => at(`${count}.${end}`))
    if (!key || !csr || !pem || !ext) throw new Error('unreachable')
    await openssl(['req', ...kind, '-keyout', key, '-out', csr, '-subj', `/CN=${subject}`])
    writeFileSync(ext, `${extensions.join('\n')}\n`)
    const serial = `0xF0${count.toString(16).padStart(4, '0')}`
    const by = ['-CA', certFile, '-CAkey', keyFile, '-set_serial', serial, '-days', String(days)]
    await openssl(['x509', '-req', '-in', csr, '-out', pem, '-extfile', ext, ...by])
    return { certFile: pem, keyFile: key }
  }

  const index = (): string =>
    [...states].map(([serial, state]) => `${state}\t${serial}\tunknown\t/CN=${serial}\n`).join('')

  return {
    certFile,
    keyFile,
    certificate: new X509Certificate(cert),
    async issue(host, { responder, mustStaple = true }) {
      const signed = await sign(host, [
        `subjectAltName=DNS:${host}`,
        ...(mustStaple ? ['tlsfeature=status_request'] : []),
        ...(responder === undefined ? [] : [`authorityInfoAccess=OCSP;URI:${responder}`]),
      ])
      const leafPem = readFileSync(signed.certFile, 'utf8')
      const leaf = new X509Certificate(leafPem)
      states.set(leaf.serialNumber, 'V\t401231235959Z\t')
      const key = readFileSync(signed.keyFile, 'utf8')
      return { cert: leafPem + cert, key, leaf, issuer: new X509Certificate(cert) }
    },
    revoke: ({ leaf }) =>
      void states.set(leaf.serialNumber, 'R\t401231235959Z\t260101000000Z,keyCompromise'),
    forget: ({ leaf }) => void states.delete(leaf.serialNumber),
    certify: (subject, usage, options) =>
      sign(subject, usage === undefined ? [] : [`extendedKeyUsage=${usage}`], options),
    async answer(request, by = { certFile, keyFile }, args = ['-nmin', '60']) {
      const exchange = mkdtempSync(join(own, 'exchange-'))
      const [asked, answered, list] = ['request', 'answer', 'index'].map((file) =>
        join(exchange, file),
      )
      if (!asked || !answered || !list) throw new Error('unreachable')
      writeFileSync(asked, request)
      writeFileSync(list, index())
      const signer = ['-rsigner', by.certFile, '-rkey', by.keyFile]
      const files = ['-index', list, '-CA', certFile, '-reqin', asked, '-respout', answered]
      await openssl(['ocsp', ...files, ...signer, ...args])
      return readFileSync(answered)
    },
  }
}

/** How a responder answers: with DER, or as the test says. */
export type Respond = (request: Buffer) => Promise<Buffer> | ((response: ServerResponse) => void)

export interface Responder {
  readonly url: string
  /** What it was asked, in its order. */
  readonly asked: readonly Buffer[]
  /** From now on it answers so. */
  respond(how: Respond): void
  /** Resolves when it has been asked so many times. */
  wasAsked(times: number): Promise<void>
}

/** An HTTP server on loopback until the end of a test. Before `respond` it says 503. */
export async function startResponder(t: {
  after(end: () => Promise<void>): void
}): Promise<Responder> {
  let how: Respond = () => (response) => void response.writeHead(503).end()
  const asked: Buffer[] = []
  const waiting = new Set<() => void>()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const question = await buffer(request)
    asked.push(question)
    for (const look of waiting) look()
    const answer = how(question)
    if (typeof answer === 'function') answer(response)
    else response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(await answer)
  }
  const server = createServer((request, response) => {
    // Whoever asked may be gone.
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    respond: (next) => void (how = next),
    wasAsked: (times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (asked.length < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
