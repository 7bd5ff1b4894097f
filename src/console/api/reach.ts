import { reachAnswer, reachRequest } from '../wire/reach.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const reachEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'post',
    path: '/reach',
    role: 'admin',
    byNamespace: true,
    summary: 'What changes of routes and policies would do, before they are made',
    description:
      'Which open tunnels they would cut, and who would gain and lose access: of those who have a session, the service accounts and the directory, each from where the audit log saw them last.',
    body: reachRequest,
    answer: reachAnswer,
    faults: [404, 409, 422, 503],
    serve: ({ by, body }) => operations.reach(by, body),
  }),
]
