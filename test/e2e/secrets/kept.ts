import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemCode } from '../../../src/errors.ts'
import { openDatabaseHere } from '../../../src/store/sqlite-database.ts'
import type { SigningPurpose } from '../../../src/store/publish-store.ts'
import type { TokenSecret } from '../../../src/store/token-cipher.ts'
import { secretsIn } from './shapes.ts'

const purposes: readonly SigningPurpose[] = [
  'application-token',
  'audit',
  'connector-ca',
  'connector-grant',
  'ssh-ca',
]

/**
 * The private keys that a gateway has made and keeps encrypted in a database: what it signs by, and what ACME needs. Its key is
 * in the file beside it; of a gateway with a configured one nothing is found. The database itself stays as it is.
 */
export async function keptIn(database: string): Promise<readonly (string | Buffer)[]> {
  const keys = await readFile(join(dirname(database), 'shared_secret'), 'utf8').catch(() => '')
  const [first, ...others] = keys.trim().split(/\s+/).map(secretOf)
  if (first === undefined || first.bytes.length === 0) return []
  const directory = await mkdtemp(join(tmpdir(), 'postern-kept-'))
  try {
    const copy = join(directory, 'postern.db')
    await copyFile(database, copy)
    await copyFile(`${database}-wal`, `${copy}-wal`).catch(ignoreAbsence)
    const store = await openDatabaseHere(copy, [first, ...others])
    try {
      const signing = await Promise.all(purposes.map((purpose) => store.signingKeys.list(purpose)))
      const all = [...signing.flat(), ...(await store.acme.list())]
      return all.flatMap(({ privateKey = '' }) => secretsIn(privateKey))
    } finally {
      await store.close()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function secretOf(line: string): TokenSecret {
  return { setting: 'shared_secret', bytes: Buffer.from(line, 'base64') }
}

function ignoreAbsence(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error
}
