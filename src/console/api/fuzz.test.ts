import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { codePoint } from '../../code-point.fixture.ts'
import { fault } from '../wire/common.ts'
import { allEndpoints } from './all.ts'
import { startApiGateway, type ApiGateway, type Asker } from './api-gateway.fixture.ts'
import type { AnyEndpoint } from './endpoint.ts'
import { declaredBy } from './openapi.ts'

// Whatever anybody sends to any endpoint: it is answered as the document says, nothing of it is our failure, and
// nobody changes anything who may not. The gateway is a whole one with its store.

const endpoints = declaredBy(allEndpoints)
const runs = Number(process.env['FUZZ_RUNS'] ?? 12)
/** They would end what the other tests ask by; their own tests are elsewhere. */
const keepOut = new Set(['DELETE /service-accounts/{id}', 'POST /service-accounts/{id}/rotate'])

let rig: ApiGateway
before(async () => {
  rig = await startApiGateway()
})
after(() => rig[Symbol.asyncDispose]())

describe('whatever is sent', { timeout: 120_000 }, () => {
  test('there are endpoints to send it to', () => {
    assert.ok(endpoints.length > 50, String(endpoints.length))
  })

  for (const endpoint of endpoints) {
    const name = `${endpoint.method.toUpperCase()} ${endpoint.path}`
    if (keepOut.has(name)) continue
    test(`${name} answers as it declares`, async () => {
      await fc.assert(
        fc.asyncProperty(requestOf(endpoint), (request) => holds(endpoint, 'admin', request)),
        { numRuns: runs },
      )
    })
  }

  test('whoever may not changes nothing, and is told so', async () => {
    const before = await kept()
    for (const endpoint of endpoints.filter(({ role }) => role === 'admin')) {
      const those: readonly Asker[] = [
        'stranger',
        'auditor',
        ...(endpoint.byNamespace ? [] : ['owner' as const]),
      ]
      for (const as of those) {
        const [request] = fc.sample(requestOf(endpoint), 1)
        const answer = await ask(as, endpoint, { ...request, path: plainPath(endpoint) })
        assert.equal(answer.status, 403, `${as} ${endpoint.method} ${endpoint.path}`)
      }
    }
    assert.deepEqual(await kept(), before)
  })

  test('a reader without a role reads nothing', async () => {
    for (const endpoint of endpoints.filter(
      ({ role, method }) => role !== 'signed-in' && method === 'get',
    )) {
      const [request] = fc.sample(requestOf(endpoint), 1)
      const answer = await ask('stranger', endpoint, { ...request, path: plainPath(endpoint) })
      assert.equal(answer.status, 403, endpoint.path)
    }
  })
})

const plainPath = ({ path }: AnyEndpoint): string => path.replaceAll(/\{\w+\}/g, 'x')

interface Sent {
  readonly path: string
  readonly body?: string | undefined
  readonly type?: string | undefined
}

function ask(as: Asker, { method }: AnyEndpoint, { path, body, type }: Sent): Promise<Response> {
  const isBodied = method !== 'get' && body !== undefined
  return rig.ask({ as, method: method.toUpperCase(), path, ...(isBodied ? { body, type } : {}) })
}

async function holds(endpoint: AnyEndpoint, as: Asker, request: Sent): Promise<void> {
  const answer = await ask(as, endpoint, request)
  const what = `${endpoint.method} ${request.path} ${request.body ?? ''}`
  assert.ok(
    answer.status < 500 || answer.status === 503,
    `${answer.status} ${what} ${rig.errors.at(-1)}`,
  )
  if (answer.status < 400) {
    await answer.body?.cancel()
    return
  }
  const body = fault.parse(await answer.json())
  assert.match(body.error, /^[a-z_]+$/)
  assert.equal(body.request_id, 'r1')
  const known = [400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 503]
  assert.ok(known.includes(answer.status), `${answer.status} ${what}`)
}

/** What changes would show in. */
async function kept(): Promise<unknown> {
  const paths = [
    '/service-accounts',
    '/routes',
    '/policies',
    '/blocks',
    '/token-keys',
    '/named-tunnels',
  ]
  const answers = await Promise.all(
    paths.map((path) => rig.ask({ as: 'admin', method: 'GET', path })),
  )
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  // To ask is a use as well.
  return texts.map((text) => text.replaceAll(/"last_used_on":[^,]*/g, ''))
}

/** Requests of an endpoint: some as it declares, some a little beside that, some nonsense. */
function requestOf({ path, params, query, body }: AnyEndpoint): fc.Arbitrary<Sent> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  return fc.record({
    path: fc
      .tuple(valuesOf(names, params), fc.oneof(valuesOf(namesOf(query), query), strangeQuery))
      .map(([within, asked]) => {
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(within[name] ?? 'x'),
        )
        const words = new URLSearchParams(asked)
        return words.size === 0 ? filled : `${filled}?${words.toString()}`
      }),
    body: body === undefined ? fc.option(fc.json(), { nil: undefined }) : bodyOf(body),
    type: fc.constantFrom(
      'application/json',
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
    ),
  })
}

const strangeQuery = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 20 }), {
  maxKeys: 3,
})
const hostile = fc.constantFrom(
  '..',
  '.',
  '%',
  '%00',
  '\0',
  '__proto__',
  'constructor',
  "'; drop table sessions; --",
  '\u202e',
  '😀',
  'x'.repeat(300),
  '[object Object]',
  '-1',
  '1e999',
  'null',
  ' ',
  '\r\nset-cookie: a=b',
  '2026-13-45T99:99:99Z',
)
const text = fc.oneof(
  hostile,
  fc.string({ maxLength: 30 }),
  fc.string({ unit: codePoint, maxLength: 10 }),
)

function namesOf(schema: z.ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function valuesOf(
  names: readonly string[],
  schema: z.ZodType | undefined,
): fc.Arbitrary<Record<string, string>> {
  const shape: Readonly<Record<string, z.ZodType>> =
    schema instanceof z.ZodObject ? schema.shape : {}
  const fields = names.map((name) => [name, textOf(shape[name])] as const)
  return fc
    .record(Object.fromEntries(fields), { requiredKeys: [] })
    .map((made) =>
      Object.fromEntries(
        Object.entries(made).map(([name, value]) => [
          name,
          (value ?? '').replaceAll(loneSurrogates, '?'),
        ]),
      ),
    )
}

/** What no URL can say. */
const loneSurrogates = /\p{Surrogate}/gu

function textOf(schema: z.ZodType | undefined): fc.Arbitrary<string> {
  if (schema === undefined) return text
  return fc.oneof(
    text,
    valueOf(jsonSchemaOf(schema)).map((value) =>
      typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
    ),
  )
}

function bodyOf(schema: z.ZodType): fc.Arbitrary<string | undefined> {
  const right = valueOf(jsonSchemaOf(schema))
  return fc.oneof(
    { weight: 4, arbitrary: right.map((value) => JSON.stringify(value)) },
    {
      weight: 2,
      arbitrary: fc.tuple(right, fc.string({ maxLength: 6 }), fc.jsonValue()).map(beside),
    },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: text },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '[',
        '{"a":',
        '',
        'null',
        '[[[[[[[[[[]]]]]]]]]]',
        `"${'x'.repeat(5_000)}"`,
      ),
    },
  )
}

/** A right value of which one member is another. */
function beside([value, name, other]: [unknown, string, unknown]): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(other)
  const [first = name] = Object.keys(value)
  return JSON.stringify({ ...value, [name.length % 2 === 0 ? first : name]: other })
}

interface JsonSchema {
  readonly [key: string]: unknown
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    cycles: 'ref',
  })
}

/** Values that a schema describes, and a little of what it does not say. */
function valueOf(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  const any = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined
  if (any !== undefined) return fc.oneof(...any.map((one) => valueOf(one, depth)))
  if (schema['const'] !== undefined) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  if (schema['type'] === 'object') return objectOf(schema, depth)
  if (schema['type'] === 'array') {
    const items = (schema['items'] ?? {}) as JsonSchema
    return fc.array(valueOf(items, depth + 1), { maxLength: 3 })
  }
  if (schema['type'] === 'boolean') return fc.boolean()
  if (schema['type'] === 'null') return fc.constant(null)
  if (schema['type'] === 'integer' || schema['type'] === 'number')
    return fc.oneof(fc.integer(), fc.nat(1_000), fc.double())
  if (schema['format'] === 'date-time')
    return fc.constantFrom(
      '2030-01-01T00:00:00Z',
      '2020-01-01T00:00:00+02:00',
      '9999-12-31T23:59:59Z',
    )
  if (schema['type'] === 'string')
    return fc.oneof(
      text,
      fc.constantFrom(
        'db',
        'databases',
        '10.0.0.1',
        'ada@example.com',
        'tcp+https://a.example.com:22',
        'tcp://10.0.0.1:22',
      ),
    )
  return fc.jsonValue({ maxDepth: 2 })
}

function objectOf(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (depth > 4) return fc.constant({})
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>
  const required = (schema['required'] ?? []) as readonly string[]
  if (Object.keys(properties).length === 0)
    return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })
  const fields = Object.entries(properties).map(
    ([name, of]) => [name, valueOf(of, depth + 1)] as const,
  )
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required] })
}
