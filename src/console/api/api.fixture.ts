import type { Role } from '../../access/administrators.ts'
import {
  createTestOperations,
  deploySession,
  testSession,
} from '../../control/operations.fixture.ts'
import type { TestOperationsOptions } from '../../control/operations.fixture.ts'
import { systemClock } from '../../clock.ts'
import type { ApiParts } from '../../gateway/parts.ts'
import type { AnySession, LiveCaller } from '../../identity/session.ts'
import { createRouteTable } from '../../routes/table.ts'
import { silentLogger, type LogFields } from '../../log.ts'
import { createAuditLog } from '../../telemetry/audit-log.ts'
import { apiPath, createApi, type ApiOptions } from './app.ts'

export const testOrigin = 'https://gate.example.com'

export interface ApiRigOptions extends TestOperationsOptions, ApiOptions {
  /** The role of whoever has a session; by its user id where they differ. */
  readonly role?: Role | undefined
  readonly roles?: Readonly<Record<string, Role>>
  readonly parts?: Partial<ApiParts>
}

const unused = (): Promise<never> => Promise.reject(new Error('none of these here'))

/** What pages and the API need, of a gateway where nobody is signed in and nothing happens. */
export function testApiParts(parts: Partial<ApiParts> = {}): ApiParts {
  return {
    logger: silentLogger,
    origin: new URL(testOrigin),
    clock: systemClock,
    audit: createAuditLog({ logger: silentLogger }),
    operations: createTestOperations().operations,
    feed: {
      changes: unused,
      onChanges: () => ({ [Symbol.dispose]() {} }),
      recordedUpTo: unused,
      noteRecorded: unused,
    },
    followed: {
      liveTunnels: { open: () => [] },
      namedTunnels: { find: () => undefined },
      connectors: () => '',
      routes: () => undefined,
    },
    sessionOf: () => Promise.resolve(undefined),
    downloads: () => Promise.resolve({ executables: [], page: undefined }),
    callerOf: () => Promise.resolve(undefined),
    identify: () => Promise.resolve(undefined),
    session: () => Promise.resolve(undefined),
    sessionVersion: () => undefined,
    roleOf: () => undefined,
    seenBy: () => ({ usable: [], listed: [] }),
    denials: { remembered: () => undefined, stored: () => Promise.resolve(undefined) },
    routeTable: () => createRouteTable([]),
    accessFor: () => undefined,
    hasAsked: () => Promise.resolve(false),
    ...parts,
  }
}

/** The API as a function of requests; each answer is held against its schema. */
export function createApiRig(options: ApiRigOptions = {}) {
  const versions = new Map<string, number>()
  const errors: LogFields[] = []
  const warnings: LogFields[] = []
  const live = (session: AnySession | undefined): Promise<LiveCaller | undefined> => {
    const version = session && (versions.get(session.id) ?? 1)
    return Promise.resolve(
      session === undefined || version === 0 ? undefined : { session, version: version ?? 1 },
    )
  }
  const people = new Map(
    ['ada', 'bob'].map((name) => [name, testSession(`s-${name}`, `${name}@example.com`)]),
  )
  const roleOf: ApiParts['roleOf'] = ({ session }) =>
    session && (options.roles?.[session.userId] ?? options.role)
  const made = createTestOperations({ ...options, roleOf })
  const parts = testApiParts({
    logger: {
      ...silentLogger,
      error: (message, fields) => void errors.push({ message, ...fields }),
      warn: (message, fields) => void warnings.push({ message, ...fields }),
    },
    operations: made.operations,
    sessionOf: (cookie) => Promise.resolve(people.get(cookie ?? '')),
    callerOf: (cookie) => live(people.get(cookie ?? '')),
    identify: ({ authorization }) => {
      if (authorization === 'Pomerium person') return live(people.get('ada'))
      return live(authorization === 'Pomerium deploy' ? deploySession : undefined)
    },
    session: (id) => live([...people.values(), deploySession].find((it) => it.id === id)),
    sessionVersion: (id) => (versions.get(id) === 0 ? undefined : (versions.get(id) ?? 1)),
    roleOf,
    ...options.parts,
  })
  const app = createApi(parts, { checksAnswers: true, ...options })
  app.onError(() => new Response(null, { status: 599 }))
  const client = { ip: '192.0.2.1', endpoints: undefined }
  /** As somebody's browser, which pages of the gateway make send it. */
  const ask = async (method: string, path: string, init: AskInit = {}): Promise<Response> => {
    const { as = 'ada', headers = {}, body, base = testOrigin } = init
    const own = as === 'nobody' ? {} : { cookie: as, ...ownPage }
    const sent = body === undefined ? {} : { 'content-type': 'application/json' }
    const request = new Request(`${base}${apiPath}${path}`, {
      method,
      headers: dropEmpty({ ...own, ...sent, ...headers }),
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return app.fetch(request, { requestId: 'r1', client })
  }
  return { ...made, app, ask, versions, errors, warnings, parts }
}

export interface AskInit {
  readonly as?: 'ada' | 'bob' | 'nobody'
  /** An empty one takes one away. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly base?: string
}

const ownPage = { 'sec-fetch-site': 'same-origin', 'x-postern-request': '1' }

function dropEmpty(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
}
