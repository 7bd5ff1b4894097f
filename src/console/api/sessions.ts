import { z } from 'zod'
import type { CallerActor } from '../../control/change.ts'
import type { Operations } from '../../control/operations.ts'
import type { SessionSummary } from '../../control/protocol.ts'
import { defaultItems, id, maxItems } from '../wire/common.ts'
import {
  ownSessionsAnswer,
  revokedAnswer,
  revokeQuery,
  sessionsAnswer,
  sessionsCsvQuery,
  sessionsQuery,
} from '../wire/sessions.ts'
import { csvAnswer, type CsvColumn } from './csv.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { decodeCursor, encodeCursor } from './lists.ts'

const byId = z.strictObject({ id })
/** The last session of the page before. */
const position = z.tuple([z.iso.datetime(), z.string().max(256)])

export const sessionEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/sessions',
    role: 'auditor',
    summary: 'The sessions of people, newest first',
    query: sessionsQuery,
    answer: sessionsAnswer,
    async serve({ by, query: { q, cursor, limit = defaultItems } }) {
      const text = textOf(q)
      const last = cursor === undefined ? undefined : decodeCursor(cursor, position)
      const after = last && { issued_at: last[0], id: last[1] }
      // One more than is shown tells whether there is more.
      const wanted = { max: limit + 1, ...text, ...(after && { after }) }
      const { sessions } = await operations.findSessions(by, wanted)
      const total = await operations.countSessions(by, text.text)
      const items = sessions.slice(0, limit)
      const end = sessions.length > limit ? items.at(-1) : undefined
      const next_cursor = end === undefined ? null : encodeCursor([end.issued_at, end.id])
      return { items, next_cursor, total }
    },
  }),
  endpoint({
    method: 'get',
    path: '/sessions.csv',
    role: 'auditor',
    summary: 'The same as CSV, all of them',
    query: sessionsCsvQuery,
    otherTypes: ['text/csv'],
    serve: ({ by, query: { q } }) => csvAnswer('sessions', columns, allOf(operations, by, q)),
  }),
  endpoint({
    method: 'delete',
    path: '/sessions/{id}',
    role: 'admin',
    summary: 'Ends a session; answered once its tunnels are cut',
    params: byId,
    answer: revokedAnswer,
    faults: [404],
    serve: ({ by, params }) => operations.revokeSession(by, params.id),
  }),
  endpoint({
    method: 'delete',
    path: '/sessions',
    role: 'admin',
    summary: 'Ends every session of one person; there may be none',
    query: revokeQuery,
    answer: revokedAnswer,
    serve: ({ by, query }) => operations.revokeUser(by, query.user),
  }),
  endpoint({
    method: 'get',
    path: '/my/sessions',
    role: 'signed-in',
    summary: "One's own sessions, newest first; none for a service account",
    answer: ownSessionsAnswer,
    serve: async ({ by }) => ({ items: await operations.listOwnSessions(by) }),
  }),
  endpoint({
    method: 'delete',
    path: '/my/sessions/{id}',
    role: 'signed-in',
    summary: "Ends a session of one's own; answered once its tunnels are cut",
    params: byId,
    answer: revokedAnswer,
    faults: [404],
    serve: ({ by, params }) => operations.revokeOwnSession(by, params.id),
  }),
]

function textOf(q: string | undefined): { readonly text?: string } {
  const text = q?.trim() ?? ''
  return text === '' ? {} : { text }
}

/** A page of the store at a time; whether whoever asks may still see them is asked for each. */
async function* allOf(
  operations: Pick<Operations, 'findSessions'>,
  by: CallerActor,
  q: string | undefined,
): AsyncGenerator<SessionSummary, void, undefined> {
  let after: SessionSummary | undefined
  do {
    const last = after && { after: { id: after.id, issued_at: after.issued_at } }
    const { sessions } = await operations.findSessions(by, { max: maxItems, ...textOf(q), ...last })
    yield* sessions
    after = sessions.length < maxItems ? undefined : sessions.at(-1)
  } while (after !== undefined)
}

const columns: readonly CsvColumn<SessionSummary>[] = [
  { name: 'id', cell: ({ id: cell }) => cell },
  { name: 'user', cell: ({ user }) => user },
  { name: 'email', cell: ({ email }) => email },
  { name: 'name', cell: ({ name }) => name },
  { name: 'provider', cell: ({ provider }) => provider },
  { name: 'groups', cell: ({ groups }) => groups.join(' ') },
  { name: 'issued_at', cell: ({ issued_at }) => issued_at },
  { name: 'expires_at', cell: ({ expires_at }) => expires_at },
  { name: 'device', cell: ({ device }) => device },
  { name: 'kind', cell: ({ kind }) => kind },
  { name: 'ip', cell: ({ ip }) => ip },
  { name: 'last_used_at', cell: ({ last_used_at }) => last_used_at },
  { name: 'tunnels', cell: ({ tunnels }) => tunnels },
]
