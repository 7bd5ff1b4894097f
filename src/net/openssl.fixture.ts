import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { runProgram, runProgramSync, spawnProgram, type Ended } from '../program.fixture.ts'
import type { CertificatePair } from './certificate.ts'

/** For `skip`: why tests with a TLS of somebody else cannot run here. With `CI=true` they run, and fail. */
export const lacksOpenssl: string | false = findLack()

function findLack(): string | false {
  if (process.env['CI'] === 'true') return false
  try {
    runProgramSync('openssl', ['version'])
    return false
  } catch {
    return 'openssl is not installed'
  }
}

/** A folder until the end of a test, or of a file. */
export function testFolder(t: { after(remove: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-openssl-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs one of its commands. Rejects where it fails. */
export async function openssl(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runProgram('openssl', args, { input })
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
  return stdout
}

/** What is asked of a certificate with an RSA key. */
export interface RsaOptions {
  /** **Default:** 2048 */
  readonly bits?: number
  /** **Default:** `sha256` */
  readonly digest?: string
  /** What it is for. **Default:** `serverAuth` */
  readonly usage?: string
}

/** An authority with an RSA key, and the paths of what it has signed. */
export interface RsaAuthority {
  readonly cert: string
  readonly key: string
  /** Signs a certificate for a host. */
  issue(host: string, options?: RsaOptions): Promise<RsaPair>
}

export interface RsaPair extends CertificatePair {
  readonly certFile: string
  readonly keyFile: string
}

/** Makes an authority that signs whatever it is asked to, however weak. */
export async function openRsaAuthority(folder: string): Promise<RsaAuthority> {
  const [key, cert] = [join(folder, 'authority.key'), join(folder, 'authority.pem')]
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2']
  await openssl(['req', '-x509', ...made, '-subj', '/CN=localhost'])
  let issued = 0
  return {
    cert: readFileSync(cert, 'utf8'),
    key: readFileSync(key, 'utf8'),
    async issue(host, { bits = 2048, digest = 'sha256', usage = 'serverAuth' } = {}) {
      issued += 1
      const at = (ending: string): string => join(folder, `${issued}.${ending}`)
      const [keyFile, request, certFile] = [at('key'), at('csr'), at('pem')]
      const named = ['-subj', `/CN=${host}`, '-keyout', keyFile, '-out', request]
      await openssl(['req', '-newkey', `rsa:${bits}`, '-nodes', ...named])
      writeFileSync(at('ext'), `subjectAltName=DNS:${host}\nextendedKeyUsage=${usage}\n`)
      const signed = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-days', '1', `-${digest}`]
      const files = ['-in', request, '-out', certFile, '-extfile', at('ext')]
      await openssl(['x509', '-req', ...signed, ...files])
      const [pem, keyPem] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
      return { cert: pem, key: keyPem, certFile, keyFile }
    },
  }
}

/** What `openssl s_client` saw of a handshake, and after it. */
export interface Handshake {
  /** Such as `TLSv1.3`; undefined where there was none. */
  readonly version: string | undefined
  readonly suite: string | undefined
  readonly isResumed: boolean
  /** The alert that ended it, in OpenSSL's words. */
  readonly alert: string | undefined
  /** The status of the answer, where something was said. */
  readonly status: number | undefined
  /** All that it wrote. */
  readonly output: string
}

/** Asks for a page, and ends. */
export const askPage = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/**
 * Shakes hands with a port of this machine as OpenSSL does, under the name `localhost`. With `say` that is said, and
 * what comes back read to its end. OpenSSL's own limits are off: what is refused was refused by the port.
 */
export async function shakeHands(
  port: number,
  args: readonly string[] = [],
  say?: string,
): Promise<Handshake> {
  const how = say === undefined ? args : ['-ign_eof', ...args]
  return readHandshake(await runProgram('openssl', clientArgs(port, how), { input: say ?? '' }))
}

function clientArgs(port: number, args: readonly string[]): readonly string[] {
  const name = args.includes('-noservername') ? [] : ['-servername', 'localhost']
  const weakest = args.includes('-cipher') ? [] : ['-cipher', 'ALL:@SECLEVEL=0']
  return ['s_client', '-connect', `127.0.0.1:${port}`, ...name, ...weakest, ...args]
}

function readHandshake({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): Handshake {
  const output = stdout + stderr
  const [, how, version, suite] =
    /^(New|Reused), (TLSv[\d.]+), Cipher is (\S+)$/m.exec(output) ?? []
  const status = /^HTTP\/1\.1 (\d{3}) /m.exec(output)?.[1]
  return {
    version,
    suite,
    isResumed: how === 'Reused',
    alert: /:(?:sslv3|tlsv1|tlsv13) alert ([a-z ]+):/.exec(output)?.[1],
    status: status === undefined ? undefined : Number(status),
    output,
  }
}

/** Shakes hands by TLS 1.2, asks for another handshake on the same connection, and waits for what becomes of it. */
export async function renegotiate(port: number, args: readonly string[]): Promise<Handshake> {
  const child = spawnProgram('openssl', clientArgs(port, ['-tls1_2', ...args]))
  const [closed, texts] = [once(child, 'close'), { stdout: '', stderr: '' }]
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    const isFirst = !texts.stdout.includes('Verify return code')
    texts.stdout += chunk.toString()
    if (isFirst && texts.stdout.includes('Verify return code')) child.stdin.write('R\n')
  })
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()))
  await closed
  return readHandshake(texts)
}
