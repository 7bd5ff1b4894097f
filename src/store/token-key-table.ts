import type { Kysely } from 'kysely'
import { acmeKeyUses, moveAcmeRecords } from './acme-table.ts'
import type { TokenKeyStore } from './store.ts'
import type { Tables } from './tables.ts'
import type { TokenKeys } from './token-keys.ts'
import { hasFormerSigningKeys, moveSigningKeys, signingKeyUses } from './signing-key-table.ts'
import { hasFormer, moveBatch } from './token-rotation.ts'

/** The keys of the tokens beside the sessions that they encrypt. */
export function createTokenKeyTable(db: Kysely<Tables>, keys: TokenKeys): TokenKeyStore {
  return {
    async list() {
      const used = await db
        .selectFrom('sessions')
        .select(['token_key', db.fn.countAll<number>().as('sessions')])
        .groupBy('token_key')
        .execute()
      const others = new Set([...(await signingKeyUses(db)), ...(await acmeKeyUses(db))])
      const sessionsOf = new Map(used.map((row) => [row.token_key, row.sessions]))
      return keys
        .list()
        .map((key) => ({
          ...key,
          isCurrent: key.id === keys.currentId(),
          sessions: sessionsOf.get(key.id) ?? 0,
        }))
        .filter(({ id, isCurrent, sessions }) => isCurrent || sessions > 0 || others.has(id))
    },
    async begin(nowMs) {
      const acme = [...(await acmeKeyUses(db))]
      const isResumed =
        (await hasFormer(db, keys)) ||
        (await hasFormerSigningKeys(db, keys)) ||
        acme.some((id) => id !== keys.currentId())
      if (!isResumed) await keys.renew(nowMs)
      return { isResumed }
    },
    async move(afterId) {
      await moveSigningKeys(db, keys)
      await moveAcmeRecords(db, keys)
      return moveBatch(db, keys, afterId)
    },
  }
}
