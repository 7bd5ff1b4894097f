import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { messageOf, systemCode } from '../errors.ts'
import type { Logger } from '../log.ts'
import { canServe, parseChain, parseKey } from '../net/pem.ts'
import type { AcmeStore } from '../store/acme-store.ts'
import { renewalDueMs, validityOf } from './renewal.ts'

export interface FormerCertificatesOptions {
  readonly acme: AcmeStore
  readonly clock: Clock
  readonly logger: Logger
}

/** @limit certificates that are taken over from `autocert_dir`: the others are fetched anew */
const maxTakenOver = 10_000

/** @limit a certificate or key in `autocert_dir`, in bytes: it is fetched anew */
const maxFileBytes = 1024 * 1024

/**
 * Takes over what Pomerium had fetched: `certificates/AUTHORITY/NAME/NAME.crt` with its `.key` below the directory, a
 * wildcard as `wildcard_.NAME`. One that is due, or of which the store has one, is left out. Only reads the directory, and
 * never rejects for it: what is not taken over is fetched.
 */
export async function takeOverCertificates(
  directory: string,
  { acme, clock, logger }: FormerCertificatesOptions,
): Promise<void> {
  const names: string[] = []
  try {
    for (const { base, name } of await find(join(directory, 'certificates'))) {
      const host = name.replace(/^wildcard_\./, '*.').toLowerCase()
      try {
        if (await takeOver(join(base, name), host, acme, clock)) names.push(host)
      } catch (error) {
        logger.warn('certificate not taken over', { name: host, error: messageOf(error) })
      }
    }
  } catch (error) {
    const isMissing = systemCode(error) === 'ENOENT'
    const why = isMissing ? 'there are no certificates in it' : messageOf(error)
    logger.warn('nothing is taken over from "autocert_dir"', { directory, error: why })
  }
  if (names.length > 0) logger.info('certificates taken over', { directory, names })
}

/** Where each name has a directory of its own. */
async function find(root: string): Promise<readonly { base: string; name: string }[]> {
  const found: { base: string; name: string }[] = []
  for (const authority of await readdir(root, { withFileTypes: true })) {
    if (!authority.isDirectory()) continue
    const base = join(root, authority.name)
    for (const entry of await readdir(base, { withFileTypes: true }))
      if (entry.isDirectory() && found.length < maxTakenOver)
        found.push({ base: join(base, entry.name), name: entry.name })
  }
  return found
}

async function takeOver(
  path: string,
  host: string,
  acme: AcmeStore,
  clock: Clock,
): Promise<boolean> {
  const [cert, key] = await Promise.all(
    ['crt', 'key'].map((kind) => readIfThere(`${path}.${kind}`)),
  )
  const leaf = parseChain(cert ?? '')?.[0]
  const privateKey = parseKey(key ?? '')
  const validity = validityOf(cert ?? '')
  if (cert === undefined || leaf === undefined || privateKey === undefined) return false
  const isFor = leaf.checkHost(host.replace(/^\*/, 'any')) !== undefined
  if (!isFor || !leaf.checkPrivateKey(privateKey)) return false
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  // One that cannot be served would keep the gateway from its port.
  if (!canServe(cert, pem)) throw new Error('its key or a signature is too weak')
  if (validity === undefined || renewalDueMs(validity) <= clock.now()) return false
  if ((await acme.get('certificate', host)) !== undefined) return false
  await acme.put({
    kind: 'certificate',
    name: host,
    text: cert,
    privateKey: pem,
    changedAtMs: clock.now(),
  })
  return true
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path)
    // A pipe would be waited for, a device read without end.
    if (!found.isFile() || found.size > maxFileBytes)
      throw new Error(`"${path}" is no file of at most ${maxFileBytes} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
