import type { TunnelSummary } from '../../control/protocol.ts'
import { z } from 'zod'
import { id } from '../wire/common.ts'
import { cutAnswer, cutTunnels, tunnelsAnswer, tunnelsQuery } from '../wire/tunnels.ts'
import { csvAnswer, type CsvColumn } from './csv.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { hasText, pageInMemory } from './lists.ts'

const byId = z.strictObject({ id })
const byText = tunnelsQuery.omit({ cursor: true, limit: true })
type Filter = z.output<typeof byText>

export const tunnelEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/tunnels',
    role: 'auditor',
    byNamespace: true,
    summary: 'The tunnels that are open now, oldest first',
    query: tunnelsQuery,
    answer: tunnelsAnswer,
    serve: ({ by, query }) =>
      pageInMemory(those(operations.listTunnels(by), query), query, ({ opened_at, id: key }) => [
        opened_at,
        key,
      ]),
  }),
  endpoint({
    method: 'get',
    path: '/tunnels.csv',
    role: 'auditor',
    byNamespace: true,
    summary: 'The same as CSV, all of them',
    query: byText,
    otherTypes: ['text/csv'],
    serve: ({ by, query }) =>
      csvAnswer('tunnels', columns, those(operations.listTunnels(by), query)),
  }),
  endpoint({
    method: 'delete',
    path: '/tunnels/{id}',
    role: 'admin',
    byNamespace: true,
    summary: 'Cuts one; its client is told that whoever runs the gateway has ended it',
    params: byId,
    answer: cutAnswer,
    faults: [404],
    serve: ({ by, params }) => operations.cutTunnels(by, { id: params.id }),
  }),
  endpoint({
    method: 'post',
    path: '/tunnels/cut',
    role: 'admin',
    byNamespace: true,
    summary: 'Cuts those of a session, of a route or of somebody; others may be opened right after',
    body: cutTunnels,
    answer: cutAnswer,
    serve: ({ by, body }) => operations.cutTunnels(by, body),
  }),
]

async function* those(
  tunnels: AsyncIterable<TunnelSummary>,
  { q, route_id, session_id, user }: Filter,
): AsyncGenerator<TunnelSummary, void, undefined> {
  const who = user?.toLowerCase()
  for await (const tunnel of tunnels) {
    const { route, target, email, ip, connector, service_account_id: account } = tunnel
    if (route_id !== undefined && tunnel.route_id !== route_id) continue
    if (session_id !== undefined && tunnel.session_id !== session_id) continue
    const names = [email?.toLowerCase(), tunnel.user, account]
    if (user !== undefined && !names.some((name) => name === user || name === who)) continue
    if (hasText(q, route, target, email, tunnel.user, account, ip, connector?.tunnel ?? null))
      yield tunnel
  }
}

const columns: readonly CsvColumn<TunnelSummary>[] = [
  { name: 'id', cell: ({ id: cell }) => cell },
  { name: 'route', cell: ({ route }) => route },
  { name: 'route_id', cell: ({ route_id }) => route_id },
  { name: 'namespace', cell: ({ namespace }) => namespace },
  { name: 'target', cell: ({ target }) => target },
  { name: 'user', cell: ({ user }) => user },
  { name: 'email', cell: ({ email }) => email },
  { name: 'session_id', cell: ({ session_id }) => session_id },
  { name: 'service_account_id', cell: ({ service_account_id }) => service_account_id },
  { name: 'ip', cell: ({ ip }) => ip },
  { name: 'connector', cell: ({ connector }) => connector?.tunnel ?? null },
  { name: 'upstream', cell: ({ upstream }) => upstream },
  { name: 'opened_at', cell: ({ opened_at }) => opened_at },
  { name: 'bytes_up', cell: ({ bytes_up }) => bytes_up },
  { name: 'bytes_down', cell: ({ bytes_down }) => bytes_down },
]
