import type { Kysely } from 'kysely'
import type { OcspAnswerStore } from './ocsp-answer-store.ts'
import type { Tables } from './tables.ts'

/** Answers in a table. `put` is one statement that names what it may replace. */
export function createOcspAnswerTable(db: Kysely<Tables>): OcspAnswerStore {
  return {
    async get(certificate) {
      const rows = db.selectFrom('ocsp_answers').selectAll()
      const row = await rows.where('certificate', '=', certificate).executeTakeFirst()
      return (
        row && {
          certificate,
          answer: row.answer,
          fromMs: row.from_ms,
          untilMs: row.until_ms,
          fetchedAtMs: row.fetched_at_ms,
        }
      )
    },
    async put({ certificate, answer, fromMs, untilMs, fetchedAtMs }, nowMs) {
      await db.deleteFrom('ocsp_answers').where('until_ms', '<=', nowMs).execute()
      const said = { answer, from_ms: fromMs, until_ms: untilMs, fetched_at_ms: fetchedAtMs }
      const row = await db
        .insertInto('ocsp_answers')
        .values({ certificate, ...said })
        .onConflict((conflict) =>
          conflict
            .column('certificate')
            .doUpdateSet(said)
            .where('ocsp_answers.from_ms', '<=', fromMs),
        )
        .returning('certificate')
        .executeTakeFirst()
      return row !== undefined
    },
  }
}
