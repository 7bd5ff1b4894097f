import { exportQuery, importAnswer, importRequest } from '../wire/documents.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const accessTextEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/export',
    role: 'auditor',
    byNamespace: true,
    summary: 'Routes and policies as YAML that a configuration file may hold',
    query: exportQuery,
    otherTypes: ['application/yaml'],
    async serve({ by, query }) {
      const { text } = await operations.exportAccess(by, query)
      // RFC 9512
      return new Response(text, { headers: { 'content-type': 'application/yaml; charset=utf-8' } })
    },
  }),
  endpoint({
    method: 'post',
    path: '/import',
    role: 'admin',
    byNamespace: true,
    summary: 'Makes what is stored what a text of routes and policies says: all of it, or nothing',
    body: importRequest,
    answer: importAnswer,
    faults: [409, 422],
    serve: ({ by, body }) => operations.importAccess(by, body),
  }),
]
