import type { z } from 'zod'
import type { Role } from '../../access/administrators.ts'
import type { ApiParts } from '../../gateway/parts.ts'
import type { CallerActor } from '../../control/change.ts'
import type { Rule } from '../../control/authority.ts'

// How to add an endpoint:
//
// 1. Say what travels, in `wire/NAME.ts`: strict schemas of zod, times as RFC 3339, names in snake case.
// 2. Declare it in `api/NAME.ts`, once: `export const nameEndpoints = (parts: ApiParts) => [endpoint({…}), …]`, and
//    add that to the list in `all.ts`. The document of the API and the checks of answers follow from it.
// 3. What it does to the gateway is an operation of `control/`, which takes `asked.by` first, asks
//    `control/authority.ts` by itself and leaves the record. `role` here is the door: who may come in at all. It is
//    asked before the body is read and again right before `serve`.

/** What a request holds once its caller is known, may come in, and has sent what the endpoint takes. */
export interface Asked<Params = unknown, Query = unknown, Body = unknown> {
  readonly by: CallerActor
  /** What they have now; undefined only where an endpoint is for everybody who is signed in. */
  readonly role: Role | undefined
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly headers: Headers
  /** Aborts once nobody waits for the answer. */
  readonly signal: AbortSignal
}

/** Plain data that nobody changes any more. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T

/** One endpoint below `/api/v1`. */
export interface Endpoint<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> extends Rule {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  /** Such as `/tunnels/{id}`. */
  readonly path: string
  /** One line, for the document. */
  readonly summary: string
  readonly description?: string
  /** Of the path, as text; strict, as are the others. */
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** What a success holds; without one it is 204. */
  readonly answer?: Answer
  /** **Default:** 200 with an answer, else 204 */
  readonly status?: 200 | 201 | 202
  /** Other types that `serve` may answer as a `Response`, such as `text/csv`. */
  readonly otherTypes?: readonly string[]
  /** Statuses of faults besides those that every endpoint has. */
  readonly faults?: readonly (404 | 409 | 422 | 429 | 503)[]
  serve(
    asked: Asked<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Served<Answer> | Promise<Served<Answer>>
}

type Served<Answer extends z.ZodType> = Frozen<z.output<Answer>> | Response | undefined

export type AnyEndpoint = Endpoint<z.ZodType, z.ZodType, z.ZodType, z.ZodType>

/** Makes the endpoints of one file. */
export type Endpoints = (parts: ApiParts) => readonly AnyEndpoint[]

/** Declares an endpoint: its schemas say what `serve` is given and answers. */
export function endpoint<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(declared: Endpoint<Params, Query, Body, Answer>): AnyEndpoint {
  return declared
}
