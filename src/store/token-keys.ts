import type { Kysely } from 'kysely'
import { SystemError } from '../errors.ts'
import type { TokenKey } from './store.ts'
import type { Tables, TokenKeyRow } from './tables.ts'
import {
  deriveTokenKey,
  drawKeyId,
  openToken,
  sealToken,
  secretIdOf,
  type SealedPlace,
  type TokenSecret,
} from './token-cipher.ts'
import type { SigningPurpose } from './publish-store.ts'

/** The keys by which the tokens in the database are encrypted. */
export interface TokenKeys {
  /** The key that new rows are encrypted with. */
  currentId(): string
  seal(text: string, place: Omit<SealedPlace, 'keyId'>): string
  /** Throws `SystemError` `stored-token-unreadable`. */
  open(sealed: string, place: SealedPlace): string
  /** Makes a new key current, from the secret that comes first now. */
  renew(nowMs: number): Promise<void>
  /** Every key, oldest first. */
  list(): readonly TokenKey[]
}

/**
 * Reads which keys there are. The first secret encrypts, the others read what was encrypted before; a secret
 * that is first for the first time gets a key.
 *
 * Throws `SystemError` `token-key-missing`, and changes nothing, when rows name a key whose secret is none
 * of these.
 */
export async function openTokenKeys(
  db: Kysely<Tables>,
  secrets: readonly [TokenSecret, ...TokenSecret[]],
  nowMs: number,
): Promise<TokenKeys> {
  const secretOf = new Map(secrets.map((secret) => [secretIdOf(secret), secret]))
  const ownId = secretIdOf(secrets[0])
  const rows = await db.selectFrom('token_keys').selectAll().orderBy('created_at_ms').execute()
  const derived = new Map<string, Uint8Array>()
  for (const { id, secret_id: secretId } of rows) {
    const secret = secretOf.get(secretId)
    if (secret !== undefined) derived.set(id, deriveTokenKey(secret, id))
  }
  await assertReadable(db, secrets, nowMs)
  let current = rows.findLast(({ secret_id: secretId }) => secretId === ownId)?.id
  const renew = async (whenMs: number): Promise<string> => {
    const row: TokenKeyRow = { id: drawKeyId(), secret_id: ownId, created_at_ms: whenMs }
    await db.insertInto('token_keys').values(row).execute()
    rows.push(row)
    derived.set(row.id, deriveTokenKey(secrets[0], row.id))
    return (current = row.id)
  }
  current ??= await renew(nowMs)
  const currentId = (): string => current ?? ''
  const keyOf = (id: string): Uint8Array => {
    const key = derived.get(id)
    if (key === undefined) throw missing(1)
    return key
  }
  return {
    currentId,
    seal: (text, place) => sealToken(keyOf(currentId()), text, { ...place, keyId: currentId() }),
    open: (sealed, place) => openToken(keyOf(place.keyId), sealed, place),
    renew: async (whenMs) => void (await renew(whenMs)),
    list: () =>
      rows.map(({ id, secret_id: secretId, created_at_ms: createdAtMs }) => ({
        id,
        setting: secretOf.get(secretId)?.setting,
        createdAtMs,
      })),
  }
}

/** What was removed since no secret reads it. */
export interface Discarded {
  readonly sessions: number
  /** Of which purposes signing keys were removed, each once. */
  readonly signingKeys: readonly SigningPurpose[]
}

/**
 * Removes every session whose tokens none of these secrets reads, and such signing keys, in whose place new
 * ones are made.
 */
export async function discardUnreadable(
  db: Kysely<Tables>,
  secrets: readonly TokenSecret[],
): Promise<Discarded> {
  const lost = await db
    .deleteFrom('signing_keys')
    .where('token_key', 'not in', readableKeys(db, secrets))
    .returning('purpose')
    .execute()
  const { numDeletedRows } = await db
    .deleteFrom('sessions')
    .where('token_key', 'is not', null)
    .where('token_key', 'not in', readableKeys(db, secrets))
    .executeTakeFirst()
  const purposes = new Set(lost.map(({ purpose }) => purpose))
  return { sessions: Number(numDeletedRows), signingKeys: [...purposes] }
}

/** Sessions past their end are nobody's any more. */
async function assertReadable(
  db: Kysely<Tables>,
  secrets: readonly TokenSecret[],
  nowMs: number,
): Promise<void> {
  const { lost } = await db
    .selectFrom('sessions')
    .select(db.fn.countAll<number>().as('lost'))
    .where('expires_at_ms', '>', nowMs)
    .where('token_key', 'is not', null)
    .where('token_key', 'not in', readableKeys(db, secrets))
    .executeTakeFirstOrThrow()
  if (lost > 0) throw missing(lost)
  const { lostKeys } = await db
    .selectFrom('signing_keys')
    .select(db.fn.countAll<number>().as('lostKeys'))
    .where('token_key', 'not in', readableKeys(db, secrets))
    .executeTakeFirstOrThrow()
  if (lostKeys > 0) throw missingForKeys(lostKeys)
}

function readableKeys(db: Kysely<Tables>, secrets: readonly TokenSecret[]) {
  return db.selectFrom('token_keys').select('id').where('secret_id', 'in', secrets.map(secretIdOf))
}

function missing(sessions: number): SystemError {
  const whose = sessions === 1 ? '1 session' : `${sessions} sessions`
  const text = `the tokens of ${whose} are encrypted with a key that ${neither}`
  const hint = `${putBack}; where it is lost, "postern gateway keys discard" ends these sessions`
  return new SystemError('token-key-missing', text, { hint })
}

function missingForKeys(count: number): SystemError {
  const whose = count === 1 ? 'a signing key' : `${count} signing keys`
  const text = `${whose} of this gateway cannot be read: encrypted with a key that ${neither}`
  const hint = `${putBack}; where it is lost, "postern gateway keys discard" removes them, and says what has to be done then`
  return new SystemError('token-key-missing', text, { hint })
}

const neither = 'neither "token_encryption_key" nor "shared_secret" gives'
const putBack =
  'put the former secret back, or add it as a further line of the file that "token_encryption_key_file" names and run "postern gateway keys rotate"'
