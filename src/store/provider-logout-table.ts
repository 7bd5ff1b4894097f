import { createHash } from 'node:crypto'
import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Write, Writes } from './change-feed.ts'
import type { ProviderLogout } from './provider-logout.ts'
import { facts, toFacts } from './session-table.ts'
import type { ProviderLogoutStore, SessionFacts } from './store.ts'
import type { Tables } from './tables.ts'

/** Logouts in a table, whose sessions end in the transaction that keeps them. */
export function createProviderLogoutTable(
  db: Kysely<Tables>,
  { write }: Writes,
): ProviderLogoutStore {
  return {
    take: (logout, nowMs, maxKept) =>
      write(async (write) => {
        const revision = await write.draw()
        const id = idOf(logout)
        if (!(await keep(write, id, logout))) return undefined
        await forget(write, nowMs, maxKept)
        write.note({ revision, kind: 'provider-logout', id, change: 'added' })
        return endSessions(write, logout)
      }),
    async covers({ provider, issuer, userId, sid, issuedAtMs }, nowMs) {
      const row = await db
        .selectFrom('provider_logouts')
        .select('id')
        .where('provider', '=', provider)
        .where('issuer', '=', issuer)
        .where('kept_until_ms', '>', nowMs)
        .where((is) => {
          const isTheirs = is('user_id', '=', userId)
          const isBefore = is.and([isTheirs, is('issued_at_ms', '>=', issuedAtMs)])
          if (sid === undefined) return isBefore
          const isThisOne = is.and([
            is('sid', '=', sid),
            is.or([isTheirs, is('user_id', 'is', null)]),
          ])
          return is.or([isThisOne, is.and([isBefore, is('sid', 'is', null)])])
        })
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },
  }
}

async function keep({ db }: Write, id: string, logout: ProviderLogout): Promise<boolean> {
  const { provider, issuer, userId = null, sid = null, issuedAtMs, keptUntilMs } = logout
  const row = { id, provider, issuer, user_id: userId, sid }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('provider_logouts')
    .values({ ...row, issued_at_ms: issuedAtMs, kept_until_ms: keptUntilMs })
    .onConflict((on) => on.column('id').doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

async function forget({ db }: Write, nowMs: number, maxKept: number): Promise<void> {
  await db.deleteFrom('provider_logouts').where('kept_until_ms', '<=', nowMs).execute()
  const surplus = db
    .selectFrom('provider_logouts')
    .select('id')
    .orderBy('kept_until_ms', 'desc')
    .orderBy('issued_at_ms', 'desc')
    .limit(Number.MAX_SAFE_INTEGER)
    .offset(maxKept)
  await db.deleteFrom('provider_logouts').where('id', 'in', surplus).execute()
}

async function endSessions(write: Write, logout: ProviderLogout): Promise<readonly SessionFacts[]> {
  const rows = await write.db
    .deleteFrom('sessions')
    .where('provider', '=', logout.provider)
    .where('issuer', '=', logout.issuer)
    .where(isAbout(logout))
    .returning(facts)
    .execute()
  if (rows.length === 0) return []
  const last = await write.draw(rows.length)
  for (const [index, { id }] of rows.entries()) {
    const revision = last - rows.length + 1 + index
    write.note({ revision, kind: 'session', id, change: 'ended', reason: 'provider-logout' })
  }
  return rows.map(toFacts)
}

function isAbout({ userId, sid }: ProviderLogout) {
  return (is: ExpressionBuilder<Tables, 'sessions'>) => {
    const isTheirs = userId === undefined ? undefined : is('user_id', '=', userId)
    if (sid === undefined) return isTheirs ?? is.val(false)
    const isThisOne = is('sid', '=', sid)
    if (isTheirs === undefined) return isThisOne
    return is.and([isTheirs, is.or([isThisOne, is('sid', 'is', null)])])
  }
}

function idOf({ issuer, tokenId }: ProviderLogout): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, tokenId]))
    .digest('base64url')
}
