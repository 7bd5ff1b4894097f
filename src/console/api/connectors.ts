import type { z } from 'zod'
import type { ConnectorSummary, NamedTunnelSecrets } from '../../control/protocol.ts'
import {
  byTunnel,
  connectorsAnswer,
  connectorsCutAnswer,
  connectorsDrainedAnswer,
  connectorsQuery,
  namedTunnelDeleted,
  namedTunnelDeletion,
  namedTunnelsAnswer,
  namedTunnelSecrets,
  namedTunnelsQuery,
  newNamedTunnel,
  publishersAnswer,
  publishersQuery,
  revokePublishersQuery,
  sitesAnswer,
  whichConnectors,
} from '../wire/connectors.ts'
import { revokedAnswer } from '../wire/sessions.ts'
import { csvAnswer, type CsvColumn } from './csv.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { hasText, pageInMemory } from './lists.ts'

const byText = connectorsQuery.omit({ cursor: true, limit: true })

export const connectorEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/connectors',
    role: 'auditor',
    summary: 'The connectors that are registered now, by tunnel',
    query: connectorsQuery,
    answer: connectorsAnswer,
    async serve({ by, query }) {
      const { connectors } = await operations.listConnectors(by)
      const found = connectors.filter((it) => isMeant(it, query.q))
      return pageInMemory(found, query, ({ tunnel, id }) => [tunnel, id])
    },
  }),
  endpoint({
    method: 'get',
    path: '/connectors.csv',
    role: 'auditor',
    summary: 'The same as CSV, all of them',
    query: byText,
    otherTypes: ['text/csv'],
    async serve({ by, query: { q } }) {
      const { connectors } = await operations.listConnectors(by)
      return csvAnswer(
        'connectors',
        columns,
        connectors.filter((it) => isMeant(it, q)),
      )
    },
  }),
  endpoint({
    method: 'post',
    path: '/connectors/cut',
    role: 'admin',
    summary: 'Ends the connections of connectors and the tunnels through them; they come back',
    body: whichConnectors,
    answer: connectorsCutAnswer,
    faults: [404],
    serve: ({ by, body }) => operations.cutConnectors(by, body),
  }),
  endpoint({
    method: 'post',
    path: '/connectors/drain',
    role: 'admin',
    summary: 'Has connections of connectors made anew, each once its last tunnel has ended',
    body: whichConnectors,
    answer: connectorsDrainedAnswer,
    faults: [404],
    serve: ({ by, body }) => operations.drainConnectors(by, body),
  }),
  endpoint({
    method: 'get',
    path: '/named-tunnels',
    role: 'auditor',
    summary: 'Named tunnels of every site, by name',
    query: namedTunnelsQuery,
    answer: namedTunnelsAnswer,
    async serve({ by, query }) {
      const { named_tunnels: all } = await operations.listNamedTunnels(by)
      const found = all.filter((it) => hasText(query.q, it.name, it.site, ...it.hostnames))
      return pageInMemory(found, query, ({ name, id }) => [name, id])
    },
  }),
  endpoint({
    method: 'post',
    path: '/named-tunnels',
    role: 'admin',
    summary: 'Makes one; what its token is made of is in this answer, and never again anywhere',
    body: newNamedTunnel,
    answer: namedTunnelSecrets,
    status: 201,
    faults: [404, 409],
    serve: async ({ by, body }) => shownOnce(await operations.createNamedTunnel(by, body)),
  }),
  endpoint({
    method: 'post',
    path: '/named-tunnels/{tunnel}/rotate',
    role: 'admin',
    summary: 'Gives one another token; connectors that have the one of now end, and stay away',
    params: byTunnel,
    answer: namedTunnelSecrets,
    faults: [404, 409],
    serve: async ({ by, params }) =>
      shownOnce(await operations.rotateNamedTunnel(by, params.tunnel)),
  }),
  endpoint({
    method: 'delete',
    path: '/named-tunnels/{tunnel}',
    role: 'admin',
    summary: 'Deletes one with its host names; its connectors end with their tunnels',
    params: byTunnel,
    query: namedTunnelDeletion,
    answer: namedTunnelDeleted,
    faults: [404, 409],
    serve: ({ by, params: { tunnel }, query: { force } }) =>
      operations.deleteNamedTunnel(by, { tunnel, force: force === 'true' }),
  }),
  endpoint({
    method: 'get',
    path: '/sites',
    role: 'auditor',
    summary: 'The sites of the configuration, in which named tunnels are made',
    answer: sitesAnswer,
    serve: async ({ by }) => ({ sites: await operations.listSites(by) }),
  }),
  endpoint({
    method: 'get',
    path: '/publishers',
    role: 'auditor',
    summary: 'Credentials of publishers, newest first, those that have ended included for a while',
    query: publishersQuery,
    answer: publishersAnswer,
    async serve({ by, query }) {
      const { publishers } = await operations.listPublishers(by)
      const found = publishers.filter((it) => hasText(query.q, it.user, it.site, it.host))
      return pageInMemory(found, query, ({ issued_at, id }) => [-Date.parse(issued_at), id])
    },
  }),
  endpoint({
    method: 'delete',
    path: '/publishers',
    role: 'admin',
    summary: 'Revokes one credential by its id, or all of a person by email address or user id',
    query: revokePublishersQuery,
    answer: revokedAnswer,
    faults: [404],
    serve: ({ by, query }) => operations.revokePublishers(by, query.who),
  }),
]

function shownOnce(secrets: NamedTunnelSecrets): z.output<typeof namedTunnelSecrets> {
  return { ...secrets, grant_keys: [...secrets.grant_keys], token: secrets.token ?? null }
}

function isMeant(connector: ConnectorSummary, q: string | undefined): boolean {
  const { id, tunnel, hostnames, connections } = connector
  return hasText(q, id, tunnel, ...hostnames, ...connections.map(({ ip }) => ip))
}

const columns: readonly CsvColumn<ConnectorSummary>[] = [
  { name: 'id', cell: ({ id }) => id },
  { name: 'tunnel', cell: ({ tunnel }) => tunnel },
  { name: 'tunnel_id', cell: ({ tunnel_id }) => tunnel_id },
  { name: 'dialect', cell: ({ dialect }) => dialect },
  { name: 'version', cell: ({ version }) => version },
  { name: 'arch', cell: ({ arch }) => arch },
  { name: 'hostnames', cell: ({ hostnames }) => hostnames.join(' ') },
  { name: 'ips', cell: ({ connections: of }) => [...new Set(of.map(({ ip }) => ip))].join(' ') },
  { name: 'connections', cell: ({ connections: of }) => of.length },
  { name: 'streams', cell: ({ connections: of }) => of.reduce((sum, it) => sum + it.streams, 0) },
]
