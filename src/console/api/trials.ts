import { z } from 'zod'
import {
  tryAnswer,
  tryRequest,
  whatCanAnswer,
  whatCanQuery,
  whoCanAnswer,
  whoCanQuery,
} from '../wire/try-access.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

const routeParams = z.strictObject({
  route: z
    .string()
    .min(1)
    .max(300)
    .describe('id or name of a route, or the host:port it answers to'),
})
const personParams = z.strictObject({
  person: z.string().min(1).max(320).describe('an email address, a user id, or a service account'),
})

export const trialEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'post',
    path: '/try',
    role: 'auditor',
    byNamespace: true,
    summary: 'What would be decided for somebody on a route, and why',
    description:
      'For who administers a namespace by what they say of somebody alone, and without the rules of policies that are not in it: of each there is one that says whether it holds.',
    body: tryRequest,
    answer: tryAnswer,
    faults: [404, 409, 422],
    serve: ({ by, body }) => operations.tryAccess(by, body),
  }),
  endpoint({
    method: 'get',
    path: '/who-can/{route}',
    role: 'auditor',
    summary: 'Who of all that are known may use a route',
    params: routeParams,
    query: whoCanQuery,
    answer: whoCanAnswer,
    faults: [404, 409],
    serve: ({ by, params, query }) => operations.whoCan(by, params.route, query),
  }),
  endpoint({
    method: 'get',
    path: '/what-can/{person}',
    role: 'auditor',
    summary: 'The routes that somebody may use',
    params: personParams,
    query: whatCanQuery,
    answer: whatCanAnswer,
    serve: ({ by, params, query }) => operations.whatCan(by, params.person, query),
  }),
]
