import { z } from 'zod'
import type { AuditPosition, AuditSearchQuery, FoundRecord } from '../../control/audit-protocol.ts'
import type { CallerActor } from '../../control/change.ts'
import type { Operations } from '../../control/operations.ts'
import {
  auditCheckpoint,
  auditExportQuery,
  auditPage,
  auditQuery,
  auditSeries,
  type AuditPage,
} from '../wire/audit.ts'
import { defaultItems, maxItems } from '../wire/common.ts'
import { csvAnswer, type CsvColumn } from './csv.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { jsonLinesAnswer } from './json-lines.ts'
import { decodeCursor, encodeCursor } from './lists.ts'

const position = z.tuple([z.int(), auditSeries, z.int().min(1)])

export const auditEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/audit',
    role: 'auditor',
    summary: 'Records of the audit log, newest first',
    query: auditQuery,
    answer: auditPage,
    async serve({ by, query: { cursor, limit = defaultItems, ...search } }) {
      const last = cursor === undefined ? undefined : decodeCursor(cursor, position)
      const after = last && { at: last[0], series: last[1], seq: last[2] }
      const found = await operations.searchAudit(by, { ...search, max: limit, after })
      const { records, next, is_complete } = found
      return {
        // What is kept is JSON, and its kinds are those of this release.
        items: records as AuditPage['items'],
        next_cursor: next && encodeCursor([next.at, next.series, next.seq]),
        is_complete,
      }
    },
  }),
  endpoint({
    method: 'get',
    path: '/audit.csv',
    role: 'auditor',
    summary: 'The same as CSV, all of them',
    query: auditExportQuery,
    otherTypes: ['text/csv'],
    serve: ({ by, query }) => csvAnswer('audit', columns, allOf(operations, by, query)),
  }),
  endpoint({
    method: 'get',
    path: '/audit.jsonl',
    role: 'auditor',
    summary: 'The same as JSON lines, as they were kept',
    description:
      'For reading: records that do not fit are left out, so that the chain is not in it. What "postern audit verify" checks is written by "postern audit export".',
    query: auditExportQuery,
    otherTypes: ['application/jsonl'],
    serve: ({ by, query }) => jsonLinesAnswer('audit', recordsOf(allOf(operations, by, query))),
  }),
  endpoint({
    method: 'get',
    path: '/audit/checkpoint',
    role: 'auditor',
    summary: 'How far the audit log has come, signed: to be kept elsewhere',
    answer: auditCheckpoint,
    serve: ({ by }) => operations.auditCheckpoint(by),
  }),
]

/** A page of the index at a time; whether whoever asks may still see them is asked for each. */
async function* allOf(
  operations: Pick<Operations, 'searchAudit'>,
  by: CallerActor,
  search: Omit<AuditSearchQuery, 'max' | 'after'>,
): AsyncGenerator<FoundRecord, void, undefined> {
  let after: AuditPosition | undefined
  do {
    const { records, next } = await operations.searchAudit(by, { ...search, max: maxItems, after })
    yield* records
    after = next ?? undefined
  } while (after !== undefined)
}

async function* recordsOf(found: AsyncIterable<FoundRecord>): AsyncGenerator<object, void> {
  for await (const { record, ...rest } of found) yield record ?? rest
}

const columns: readonly CsvColumn<FoundRecord>[] = [
  { name: 'time', cell: ({ time }) => time },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'event', cell: ({ event }) => event },
  { name: 'outcome', cell: ({ outcome }) => outcome },
  { name: 'who', cell: ({ who }) => who },
  { name: 'ip', cell: ({ ip }) => ip },
  { name: 'route', cell: ({ route }) => route },
  { name: 'route_id', cell: ({ route_id }) => route_id },
  { name: 'request_id', cell: ({ request_id }) => request_id },
  { name: 'series', cell: ({ series }) => series },
  { name: 'seq', cell: ({ seq }) => seq },
  { name: 'record', cell: ({ record }) => (record === null ? null : JSON.stringify(record)) },
]
