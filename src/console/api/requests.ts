import { z } from 'zod'
import { id } from '../wire/common.ts'
import {
  accessRequestView,
  approveRequest,
  closeRequest,
  newAccessRequest,
  requestsAnswer,
  requestsQuery,
} from '../wire/requests.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

const one = z.strictObject({ id })

/** For everybody who is signed in: what each may see and do is looked at in the operation. */
export const requestEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/requests',
    role: 'signed-in',
    summary: 'Requests for access for a while, newest first',
    description:
      "One's own, those that one may decide, and all of the routes that one administers. A page may have fewer items than `limit` although more follow.",
    query: requestsQuery,
    answer: requestsAnswer,
    serve: ({ by, query: { mine, ...query } }) =>
      operations.listAccessRequests(by, { ...query, mine: mine === 'true' }),
  }),
  endpoint({
    method: 'get',
    path: '/requests/{id}',
    role: 'signed-in',
    summary: 'One request for access',
    params: one,
    answer: accessRequestView,
    faults: [404],
    serve: ({ by, params }) => operations.findAccessRequest(by, params.id),
  }),
  endpoint({
    method: 'post',
    path: '/requests',
    role: 'signed-in',
    summary: 'Ask for access to a route for a while',
    body: newAccessRequest,
    answer: accessRequestView,
    status: 201,
    faults: [404, 409, 429],
    serve: ({ by, body }) => operations.requestAccess(by, body),
  }),
  endpoint({
    method: 'post',
    path: '/break-glass',
    role: 'signed-in',
    summary: 'Let oneself in to a route for a while, in an emergency',
    description: 'Recorded and told loudly, where the route allows it.',
    body: newAccessRequest,
    answer: accessRequestView,
    status: 201,
    faults: [404, 409, 429],
    serve: ({ by, body }) => operations.breakGlass(by, body),
  }),
  endpoint({
    method: 'post',
    path: '/requests/{id}/approve',
    role: 'signed-in',
    summary: 'Give the access that was asked for',
    description: 'For approvers of the route, by the policy of this moment, and never for oneself.',
    params: one,
    body: approveRequest,
    answer: accessRequestView,
    faults: [404, 409],
    serve: ({ by, params, body }) => operations.approveAccess(by, params.id, body),
  }),
  endpoint({
    method: 'post',
    path: '/requests/{id}/deny',
    role: 'signed-in',
    summary: 'Say no to a request',
    params: one,
    body: closeRequest,
    answer: accessRequestView,
    faults: [404, 409],
    serve: ({ by, params, body }) => operations.denyAccess(by, params.id, body),
  }),
  endpoint({
    method: 'post',
    path: '/requests/{id}/end',
    role: 'signed-in',
    summary: 'Take a request back, or end the access that it gave',
    params: one,
    body: closeRequest,
    answer: accessRequestView,
    faults: [404, 409],
    serve: ({ by, params, body }) => operations.endAccess(by, params.id, body),
  }),
]
