import assert from 'node:assert/strict'

import { allEndpoints } from '../../src/console/api/all.ts'
import { createApiRig } from '../../src/console/api/api.fixture.ts'
import { declaredBy } from '../../src/console/api/openapi.ts'
import { decodeCursor, encodeCursor } from '../../src/console/api/lists.ts'
import { isTooDeep } from '../../src/console/api/json-depth.ts'
import type { Target } from '../target.ts'
import { z } from 'zod'

const rig = createApiRig({ role: { role: 'auditor' } })
/** Reads, and what an auditor may try: nothing that changes state, which would be left for the next input. */
const paths = declaredBy(allEndpoints).map(({ method, path }) => `${method.toUpperCase()} ${path}`)

export const target: Target = {
  reads: 'requests to the API of the console and the portal, by whoever is signed in',
  covers: [
    'console/api/lists.ts',
    'console/api/json-depth.ts',
    'console/api/read-asked.ts',
    'console/api/faults.ts',
    'console/api/endpoint.ts',
    'console/api/app.ts',
    'console/api/refusals.ts',
    'schema.ts',
  ],
  maxBytes: 2_048,
  tokens: [
    ...paths,
    '?cursor=',
    '?limit=5',
    '&search=',
    '{"',
    '"}',
    '[',
    ']',
    '%00',
    '%',
    '..',
    'WyJhIl0',
    '\n',
    'null',
    '1e999',
    '__proto__',
  ],
  async run(input) {
    // `METHOD PATH`, a line feed, and the body.
    const text = input.toString('utf8')
    const end = text.indexOf('\n')
    const [method = 'GET', path = '/'] = (end < 0 ? text : text.slice(0, end)).split(' ')
    const cursor = isCursor(path)
    if (
      !/^(?:GET|POST|PUT|PATCH|DELETE)$/.test(method) ||
      !URL.canParse(`https://g.example${path}`) ||
      !path.startsWith('/')
    )
      return `none ${cursor}`
    const body = method === 'GET' || end < 0 ? undefined : text.slice(end + 1)
    if (/^\/(?:events|changes)/.test(path)) return 'events'
    const before = rig.errors.length
    const answer = await rig.ask(method, path, body === undefined ? {} : { body })
    const said = await answer.text()
    assert.ok(
      answer.status < 500 || answer.status === 503,
      `${answer.status} ${JSON.stringify(rig.errors.at(-1))}`,
    )
    assert.equal(rig.errors.length, before)
    if (answer.status >= 400 && said !== '')
      assert.match(String(JSON.parse(said).error), /^[a-z_]+$/)
    if (body !== undefined) isDepthRight(body)
    return `${answer.status} ${cursor}`
  },
}

function isCursor(path: string): string {
  const cursor = /cursor=([^&]*)/.exec(path)?.[1] ?? path
  try {
    const key = decodeCursor(cursor, z.array(z.union([z.string(), z.number()])).max(4))
    assert.deepEqual(decodeCursor(encodeCursor(key), z.array(z.unknown())), key)
    return 'cursor'
  } catch (error) {
    assert.ok(error instanceof Error && error.constructor.name === 'InputError', String(error))
    return ''
  }
}

/** JSON itself nests as deep as its text has brackets. */
function isDepthRight(body: string): void {
  const brackets = body.replaceAll(/[^[{]/g, '').length
  try {
    if (isTooDeep(JSON.parse(body))) assert.ok(brackets > 100)
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error))
  }
}
