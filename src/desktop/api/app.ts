import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Clock } from '../../clock.ts'
import { AppError, ConfigError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { checkValue } from '../../schema.ts'
import { formatPath } from '../../yaml-text.ts'
import type { Fault } from '../wire/calls.ts'
import type { DaemonEvent } from '../wire/view.ts'
import type { Row } from './rows.ts'
import { streamEvents } from './stream-events.ts'

/** What every call of the daemon answers, whoever has proven what: the socket's or the window's own door is before it. */
export interface DaemonApp {
  fetch(request: Request): Response | Promise<Response>
}

export interface AppParts {
  readonly rows: readonly Row[]
  readonly follow: (listener: (event: DaemonEvent) => void) => Disposable
  readonly clock: Clock
  readonly log: Logger
}

/** @limit a call of the desktop daemon, such as a file to import: 413 */
const maxBodyBytes = 16 * 1024 * 1024

/** Makes the app; paths are those of `Calls`, besides `GET /events`. */
export function createDaemonApp({ rows, follow, clock, log }: AppParts): DaemonApp {
  const app = new Hono()
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: tooLong }))
  app.onError((error, c) => {
    if (error instanceof AppError) return c.json(faultOf(error), 400)
    log.error('a call failed', { error })
    return c.json(
      { code: 'internal', message: 'this is a fault of postern: its log says more' },
      500,
    )
  })
  app.notFound((c) => c.json({ code: 'no-such-call', message: `there is no ${c.req.path}` }, 404))
  for (const { call, input, serve } of rows) {
    const [method = '', path = ''] = call.split(' ')
    app.on(method, path, async (c) => {
      const body = input === undefined ? undefined : checked(await bodyOf(c), input)
      return c.json(await serve(body, (name) => c.req.param(name) ?? '', c.req.raw))
    })
  }
  app.get('/events', () => streamEvents(follow, clock))
  return app
}

function checked(value: unknown, schema: NonNullable<Row['input']>): unknown {
  const result = checkValue(value, schema)
  if (result.ok) return result.value
  throw new ConfigError(
    result.faults.map(({ path, message, hint }) => ({
      source: '',
      path: formatPath(path),
      message,
      hint,
    })),
  )
}

async function bodyOf(c: Context): Promise<unknown> {
  const text = await c.req.text()
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw new ConfigError([{ source: '', path: '', message: 'is not JSON' }])
  }
}

function faultOf(error: AppError): Fault {
  const { code, message, hint } = error
  const details: Partial<Record<string, unknown>> = Object.fromEntries(Object.entries(error))
  const { requestId, page } = details
  return {
    code,
    message: error instanceof ConfigError ? 'some of this cannot be used' : message,
    ...(hint !== undefined && { hint }),
    ...(typeof requestId === 'string' && requestId !== '' && { request_id: requestId }),
    ...(typeof page === 'string' && { page }),
    ...(error instanceof ConfigError && {
      problems: error.problems.map(({ path, message: what, hint: next, line, column }) => ({
        path,
        message: what,
        ...(next !== undefined && { hint: next }),
        ...(line !== undefined && { line }),
        ...(column !== undefined && { column }),
      })),
    }),
  }
}

function tooLong(c: Context): Response {
  return c.json({ code: 'too-long', message: 'this is too long' }, 413)
}
