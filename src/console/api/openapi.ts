import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { ApiParts } from '../../gateway/parts.ts'
import { fault } from '../wire/common.ts'
import type { AnyEndpoint, Endpoints } from './endpoint.ts'

/**
 * The document of the API (OpenAPI 3.1), made of what each endpoint declares: as JSON that is the same for the same
 * endpoints.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function renderApiDocument(endpoints: readonly Endpoints[]): string {
  const app = new OpenAPIHono()
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'serviceAccount', {
    type: 'http',
    scheme: 'bearer',
    description: 'The token of a service account.',
  })
  registry.registerComponent('securitySchemes', 'browser', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-postern',
    description:
      'The cookie of somebody who is signed in. A change by it needs the header "X-Postern-Request: 1", and comes from a page of the gateway.',
  })
  // Another instance: one that was made before the library was loaded does not know it.
  registry.register('Fault', fault.clone())
  for (const [code, description] of Object.entries(descriptions)) {
    const content = { 'application/json': { schema: { $ref: '#/components/schemas/Fault' } } }
    registry.registerComponent('responses', `Fault${code}`, { description, content })
  }
  for (const endpoint of declaredBy(endpoints)) registry.registerPath(routeOf(endpoint))
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Postern',
      version: '1',
      description:
        'What whoever runs a gateway sees and changes. Times are RFC 3339, names snake case; a list goes on at "next_cursor".',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ serviceAccount: [] }, { browser: [] }],
  })
  return `${JSON.stringify(document, plainly, 2)}\n`
}

const plainRef = '#/components/schemas/PlainData'

/** Any JSON is no choice of null and what may be null: of `oneOf` both would fit, which is neither. */
function plainly(key: string, value: unknown): unknown {
  if (key === 'PlainData') return { description: 'Any JSON' }
  if (typeof value !== 'object' || value === null || !('oneOf' in value)) return value
  return JSON.stringify(value.oneOf).includes(`"${plainRef}"`) ? { $ref: plainRef } : value
}

/** The endpoints as they are declared: none of them is served, so none needs a gateway. */
export function declaredBy(endpoints: readonly Endpoints[]): readonly AnyEndpoint[] {
  return endpoints.flatMap((of) => of(noGateway))
}

/** Answers itself for everything that is asked of it. */
const noGateway: ApiParts = new Proxy(() => undefined, {
  get: () => noGateway,
  apply: () => noGateway,
  ownKeys: () => ['prototype'],
}) as unknown as ApiParts

function routeOf(endpoint: AnyEndpoint): RouteConfig {
  const { method, path, summary, description, role, byNamespace = false } = endpoint
  const { params, query, body } = endpoint
  const request = {
    ...(params && { params: params as z.ZodObject }),
    ...(query && { query: query as z.ZodObject }),
    ...(body && { body: { required: true, content: { 'application/json': { schema: body } } } }),
  }
  return createRoute({
    method,
    path,
    operationId: operationId(endpoint),
    summary,
    ...(description === undefined ? {} : { description }),
    request,
    responses: { ...successOf(endpoint), ...faultsOf(endpoint) },
    'x-postern-role': role,
    'x-postern-by-namespace': byNamespace,
  })
}

/** Such as `getTunnels`, `deleteTunnelsById`. */
function operationId({ method, path }: AnyEndpoint): string {
  const words = path.split(/[/.-]/).filter((word) => word !== '')
  const named = words.map((word) =>
    word
      .replace(/^\{(\w+)\}$/, 'by-$1')
      .split(/[-_]/)
      .map(upper)
      .join(''),
  )
  return method + named.join('')
}

const upper = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function successOf({ answer, status, otherTypes = [] }: AnyEndpoint): RouteConfig['responses'] {
  const json = answer && { 'application/json': { schema: answer } }
  // To whoever checks an answer by its schema YAML is what it says, and not its text.
  const others = otherTypes.map((type) => [
    type,
    { schema: type.endsWith('yaml') ? z.unknown() : z.string() },
  ])
  const hasContent = answer !== undefined || others.length > 0
  const code = status ?? (hasContent ? 200 : 204)
  const content = { ...json, ...Object.fromEntries(others) }
  return { [code]: { description: 'Done', ...(hasContent ? { content } : {}) } }
}

function faultsOf({ params, query, body, faults = [] }: AnyEndpoint): RouteConfig['responses'] {
  const takes = [params, query, body].some((part) => part !== undefined)
  const codes = [
    ...(takes ? [400] : []),
    401,
    403,
    ...(body === undefined ? [] : [408, 413, 415]),
    ...faults,
    503,
  ]
  return Object.fromEntries(
    codes.map((code) => [code, { $ref: `#/components/responses/Fault${code}` }]),
  )
}

const descriptions: Readonly<Record<number, string>> = {
  400: 'Not what is expected here',
  401: 'Nobody is signed in, or not any more',
  403: 'Not for whoever asks, or caused by another site',
  404: 'There is none',
  408: 'The body did not come in time',
  409: 'It is in the way of something, or has changed meanwhile',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The document has faults',
  429: 'Too many',
  503: 'Not now: try again',
}
