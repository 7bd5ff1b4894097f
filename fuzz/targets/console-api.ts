import assert from 'node:assert/strict'
import { z } from 'zod'

import { allEndpoints } from '../../src/console/api/all.ts'
import { InputError } from '../../src/console/api/faults.ts'
import { isTooDeep } from '../../src/console/api/json-depth.ts'
import { decodeCursor, encodeCursor } from '../../src/console/api/lists.ts'
import { declaredBy } from '../../src/console/api/openapi.ts'
import { checkValue } from '../../src/schema.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const endpoints = declaredBy(allEndpoints)
const names = endpoints.map(({ method, path }) => `${method.toUpperCase()} ${path}`)

export const target: Target = {
  reads: 'bodies, queries and cursors of the API of console and portal, by whoever is signed in',
  covers: ['console/api/lists.ts', 'console/api/json-depth.ts', 'schema.ts'],
  maxBytes: 2_048,
  tokens: [
    ...names,
    '?cursor=',
    '?limit=5',
    '&search=',
    '{"',
    '"}',
    '[',
    'WyJhIl0',
    '\n',
    '1e999',
    '"__proto__":',
  ],
  run(input) {
    // `METHOD PATH?QUERY`, a line feed, and the body.
    const [head = '', ...rest] = input.toString('utf8').split('\n')
    const [name = '', search = ''] = head.split('?')
    const { body, query } = endpoints[names.indexOf(name)] ?? {}
    const asked = Object.fromEntries(new URLSearchParams(search))
    const json = attempt((): unknown => JSON.parse(rest.join('\n')), SyntaxError)
    const depth = json.code === undefined && isTooDeep(json.value) ? 'deep' : ''
    if (depth === 'deep') assert.ok(rest.join('').replaceAll(/[^[{]/g, '').length > 100)
    const kinds = [query && kindOf(query, asked), body && depth === '' && kindOf(body, json.value)]
    return `${kinds.join(' ')} ${depth} ${cursorKind(asked['cursor'] ?? head)}`
  },
}

/** Right, or faults with a sentence each, at a path within what was sent. */
function kindOf(schema: z.ZodType, value: unknown): string {
  const checked = checkValue(value, schema)
  if (checked.ok) return 'right'
  assert.ok(checked.faults.length > 0)
  for (const { message } of checked.faults) assert.ok(message.length > 0)
  return 'faults'
}

function cursorKind(cursor: string): string {
  const schema = z.array(z.union([z.string(), z.number()])).max(4)
  const { value } = attempt(() => decodeCursor(cursor, schema), InputError)
  if (value === undefined) return ''
  assert.deepEqual(decodeCursor(encodeCursor(value), schema), value)
  return 'cursor'
}
