import type { Context } from 'hono'
import type { z } from 'zod'
import { PeerError } from '../../errors.ts'
import type { PageRequest } from '../../gateway/parts.ts'
import { readJson } from '../../pages/answers/body.ts'
import { checkValue, type ValueFault } from '../../schema.ts'
import type { AnyEndpoint, Asked } from './endpoint.ts'
import { InputError } from './faults.ts'
import { isTooDeep } from './json-depth.ts'

type ApiContext = Pick<Context<{ Bindings: PageRequest }>, 'req' | 'env'>

/**
 * Reads what an endpoint takes of a request, each part whole and no more than that.
 *
 * @throws InputError; PeerError `unsupported-media-type`, `request-timeout`
 */
export async function readAsked(
  c: ApiContext,
  { params, query, body }: AnyEndpoint,
): Promise<Pick<Asked, 'params' | 'query' | 'body'>> {
  return {
    params: params && check('path', c.req.param(), params),
    query: query && check('query', queryOf(c), query),
    body: body && (await readBody(c, body)),
  }
}

function check(part: string, value: unknown, schema: z.ZodType): unknown {
  const checked = checkValue(value, schema)
  if (checked.ok) return checked.value
  throw new InputError(part, checked.faults)
}

/** Each parameter once: of two that differ, somebody would have meant the other. */
function queryOf(c: ApiContext): Readonly<Record<string, string>> {
  const all = Object.entries(c.req.queries())
  const twice = all.filter(([, values]) => values.length > 1)
  if (twice.length > 0) {
    throw new InputError(
      'query',
      twice.map(([name]): ValueFault => ({
        path: [name],
        message: 'is given more than once',
        hint: undefined,
        at: 'key',
      })),
    )
  }
  return Object.fromEntries(all.map(([name, [value = '']]) => [name, value]))
}

async function readBody(c: ApiContext, schema: z.ZodType): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    throw new PeerError('unsupported-media-type', 'the body of this request is not JSON', {
      hint: 'send JSON, with "Content-Type: application/json"',
    })
  }
  const json = await readJson(c)
  if (json !== undefined && !isTooDeep(json)) return check('body', json, schema)
  const message = json === undefined ? 'is not JSON' : 'is nested too deeply'
  throw new InputError('body', [{ path: [], message, hint: undefined, at: 'value' }])
}
