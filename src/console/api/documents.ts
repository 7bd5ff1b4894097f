import { z } from 'zod'
import type { KindOperations } from '../../control/documents.ts'
import { id } from '../wire/common.ts'
import {
  bulkAnswer,
  bulkRequest,
  checkAnswer,
  checkRequest,
  createRequest,
  deleteQuery,
  documentQuery,
  historyAnswer,
  historyQuery,
  restoreRequest,
  updateRequest,
} from '../wire/documents.ts'
import { endpoint, type AnyEndpoint } from './endpoint.ts'

/** The endpoints that routes and policies both have. */
export interface DocumentEndpoints {
  /** Such as `/routes`. */
  readonly path: string
  /** Such as `route` and `routes`, in summaries. */
  readonly noun: string
  readonly nouns: string
  readonly query: z.ZodType<object>
  readonly list: z.ZodType
  readonly answer: z.ZodType
}

const byId = z.strictObject({ id })
const seen = { role: 'auditor', byNamespace: true } as const
const changed = { role: 'admin', byNamespace: true } as const

/** Each of them asks the operation, which says who may; what they answer is checked against these schemas. */
export function documentEndpoints(
  { path, noun, nouns, query, list, answer }: DocumentEndpoints,
  operations: KindOperations<object, object>,
): readonly AnyEndpoint[] {
  const one = `${path}/{id}`
  return [
    endpoint({
      ...seen,
      method: 'get',
      path,
      summary: `The ${nouns} of the configuration file and of the store, the file's first`,
      query,
      answer: list,
      serve: ({ by, query: wanted }) => operations.list(by, wanted),
    }),
    endpoint({
      ...seen,
      method: 'get',
      path: one,
      summary: `One ${noun}, with its definition`,
      params: byId,
      query: documentQuery,
      answer,
      faults: [404],
      serve: ({ by, params, query: which }) => operations.get(by, params.id, which),
    }),
    endpoint({
      ...changed,
      method: 'post',
      path,
      summary: `Makes a ${noun} in the store`,
      body: createRequest,
      answer,
      status: 201,
      faults: [409, 422],
      serve: ({ by, body }) => operations.create(by, body),
    }),
    endpoint({
      ...changed,
      method: 'put',
      path: one,
      summary: `Changes a stored ${noun}, unless somebody else has changed it since`,
      params: byId,
      body: updateRequest,
      answer,
      faults: [404, 409, 422],
      serve: ({ by, params, body }) => operations.update(by, params.id, body),
    }),
    endpoint({
      ...changed,
      method: 'delete',
      path: one,
      summary: `Deletes a stored ${noun}; its history stays`,
      params: byId,
      query: deleteQuery,
      answer: bulkAnswer,
      faults: [404, 409],
      serve: ({ by, params, query: { revision } }) =>
        operations.delete(by, params.id, { revision }),
    }),
    ...manyEndpoints(path, { noun, nouns }, operations),
    ...historyEndpoints(one, noun, answer, operations),
  ]
}

function manyEndpoints(
  path: string,
  { noun, nouns }: { readonly noun: string; readonly nouns: string },
  operations: KindOperations<object, object>,
): readonly AnyEndpoint[] {
  return [
    endpoint({
      ...changed,
      method: 'post',
      path: `${path}/bulk`,
      summary: `Enables, disables, deletes or tags several stored ${nouns}: all of them, or none`,
      body: bulkRequest,
      answer: bulkAnswer,
      faults: [404, 409, 422],
      serve: ({ by, body }) => operations.bulk(by, body),
    }),
    endpoint({
      ...seen,
      method: 'post',
      path: `${path}/check`,
      summary: `What would be said of a ${noun}; nothing is kept`,
      body: checkRequest,
      answer: checkAnswer,
      faults: [404],
      serve: ({ by, body }) => operations.check(by, body),
    }),
  ]
}

function historyEndpoints(
  one: string,
  noun: string,
  answer: z.ZodType,
  operations: KindOperations<object, object>,
): readonly AnyEndpoint[] {
  return [
    endpoint({
      ...seen,
      method: 'get',
      path: `${one}/history`,
      summary: `What was done to a stored ${noun}, newest first, also where it is deleted`,
      params: byId,
      query: historyQuery,
      answer: historyAnswer,
      serve: ({ by, params, query }) => operations.history(by, params.id, query),
    }),
    endpoint({
      ...changed,
      method: 'post',
      path: `${one}/restore`,
      summary: `Gives a stored ${noun} the form that it had after one of its changes`,
      params: byId,
      body: restoreRequest,
      answer,
      faults: [404, 409, 422],
      serve: ({ by, params, body }) => operations.restore(by, params.id, body),
    }),
  ]
}
