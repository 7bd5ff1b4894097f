import { z } from 'zod'
import type { ServiceAccountSummary } from '../../control/protocol.ts'
import { id } from '../wire/common.ts'
import {
  issuedCredential,
  newServiceAccount,
  rotation,
  serviceAccountsAnswer,
  serviceAccountsQuery,
} from '../wire/service-accounts.ts'
import { revokedAnswer } from '../wire/sessions.ts'
import { csvAnswer, type CsvColumn } from './csv.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { hasText, pageInMemory } from './lists.ts'

const byId = z.strictObject({ id })
const byText = serviceAccountsQuery.omit({ cursor: true, limit: true })

export const serviceAccountEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/service-accounts',
    role: 'auditor',
    summary: 'Service accounts by id, revoked ones included',
    query: serviceAccountsQuery,
    answer: serviceAccountsAnswer,
    async serve({ by, query }) {
      const { service_accounts: all } = await operations.listServiceAccounts(by)
      const found = all.filter((it) => hasText(query.q, it.id, it.description))
      return pageInMemory(found, query, ({ id: key }) => [key])
    },
  }),
  endpoint({
    method: 'get',
    path: '/service-accounts.csv',
    role: 'auditor',
    summary: 'The same as CSV, all of them',
    query: byText,
    otherTypes: ['text/csv'],
    async serve({ by, query: { q } }) {
      const { service_accounts: all } = await operations.listServiceAccounts(by)
      const found = all.filter((it) => hasText(q, it.id, it.description))
      return csvAnswer('service-accounts', columns, found)
    },
  }),
  endpoint({
    method: 'post',
    path: '/service-accounts',
    role: 'admin',
    summary: 'Makes one; its credential is in this answer, and never again anywhere',
    body: newServiceAccount,
    answer: issuedCredential,
    status: 201,
    faults: [409],
    serve: ({ by, body }) => operations.createServiceAccount(by, body),
  }),
  endpoint({
    method: 'post',
    path: '/service-accounts/{id}/rotate',
    role: 'admin',
    summary: 'Gives one another credential, which is in this answer, and never again anywhere',
    params: byId,
    body: rotation,
    answer: issuedCredential,
    faults: [404, 409],
    serve: ({ by, params, body: { keep_old_ms, expires_at } }) =>
      operations.rotateServiceAccount(by, params.id, {
        keep_old_ms,
        ...(expires_at === undefined ? {} : { expires_at }),
      }),
  }),
  endpoint({
    method: 'delete',
    path: '/service-accounts/{id}',
    role: 'admin',
    summary: 'Revokes one; answered once its tunnels are cut',
    params: byId,
    answer: revokedAnswer,
    faults: [404],
    serve: ({ by, params }) => operations.revokeServiceAccount(by, params.id),
  }),
]

const columns: readonly CsvColumn<ServiceAccountSummary>[] = [
  { name: 'id', cell: ({ id: cell }) => cell },
  { name: 'description', cell: ({ description }) => description },
  { name: 'state', cell: ({ state }) => state },
  { name: 'format', cell: ({ format }) => format },
  { name: 'created_at', cell: ({ created_at }) => created_at },
  { name: 'rotated_at', cell: ({ rotated_at }) => rotated_at },
  { name: 'expires_at', cell: ({ expires_at }) => expires_at },
  { name: 'old_credential_until', cell: ({ old_credential_until }) => old_credential_until },
  { name: 'last_used_on', cell: ({ last_used_on }) => last_used_on },
  { name: 'tunnels', cell: ({ tunnels }) => tunnels },
]
