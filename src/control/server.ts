import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { AppError, ConfigError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { lingerOnClose } from '../net/linger.ts'
import { listenError } from '../net/listen-address.ts'
import { answerHalfClosed } from '../net/runtime.ts'
import type { Closable } from '../shutdown.ts'
import { localActor } from './change.ts'
import { writeJsonList, type JsonList } from './json-list.ts'
import type { Operations } from './operations.ts'
import { malformedRequest, type ControlFault } from './protocol.ts'
import type { TrialListQuery } from './trial-protocol.ts'

export interface ControlOptions {
  readonly operations: Operations
  /** Told of failures of our own. */
  readonly logger: Logger
  /** Default: what commands wait, three times over. */
  readonly idleTimeoutMs?: number
}

/** @limit time without a byte on a connection of a command to the gateway: it is cut */
const idleTimeoutMs = 30_000

/**
 * Listens on `control.sock` (0600, in a directory of 0700): whoever may open it is the gateway's own
 * user or root, and needs no other proof. The caller holds the lock of the state directory, so a
 * socket that is already there is a dead gateway's.
 */
export async function startControl(path: string, options: ControlOptions): Promise<Closable> {
  await rm(path, { force: true })
  const listener = getRequestListener(controlApp(options).fetch)
  const server = createServer((request, response) => void listener(request, response))
  lingerOnClose(server)
  answerHalfClosed(server)
  server.setTimeout(options.idleTimeoutMs ?? idleTimeoutMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, path)))
    server.listen(path, resolve)
  })
  // Without a listener a failed `accept`, as with no descriptor left, would end the process.
  server.on('error', () => undefined)
  await chmod(path, 0o600)
  return {
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a request holds for its operation. */
interface Asked {
  /** A part of the path. */
  param(name: string): string
  query(name: string): string
  /** The JSON of the body, as whatever the operation takes: each checks what it is given. */
  body<T>(): Promise<T>
}

type Serve = (operations: Operations, asked: Asked) => Promise<object> | JsonList

/**
 * Far more than an id and a description.
 *
 * @limit a request about service accounts: 413
 */
const maxBodyBytes = 16 * 1024

/** @limit a request about keys: 413 */
const maxKeyBodyBytes = 1024

/** @limit a request with routes and policies on the control socket: 413 */
const maxAccessBodyBytes = 4 * 1024 * 1024

/** Each request of the socket, and the operation that it asks for. */
const table: Readonly<Record<string, Serve>> = {
  'GET /sessions': (o) => ({ name: 'sessions', items: o.listSessions(localActor) }),
  'DELETE /sessions/:id': (o, { param }) => o.revokeSession(localActor, param('id')),
  'DELETE /sessions': (o, { query }) => o.revokeUser(localActor, query('user')),
  'GET /blocks': (o) => o.listBlocks(localActor),
  'PUT /blocks': async (o, { query, body }) =>
    o.blockPerson(localActor, query('who'), await body()),
  'DELETE /blocks': (o, { query }) => o.unblockPerson(localActor, query('who')),
  'GET /requests': async (o, { query }) => {
    const asked = { state: stateOf(query('state')), limit: 500 }
    return { requests: (await o.listAccessRequests(localActor, asked)).items }
  },
  'POST /requests/:id/approve': async (o, { param, body }) =>
    o.approveAccess(localActor, param('id'), await body()),
  'POST /requests/:id/deny': async (o, { param, body }) =>
    o.denyAccess(localActor, param('id'), await body()),
  'POST /requests/:id/end': async (o, { param, body }) =>
    o.endAccess(localActor, param('id'), await body()),
  'POST /trials': async (o, { body }) => o.tryAccess(localActor, await body()),
  'POST /trials/who-can': async (o, { body }) => {
    const { route, ...query } = await body<{ readonly route: string } & TrialListQuery>()
    return o.whoCan(localActor, route, query)
  },
  'POST /trials/what-can': async (o, { body }) => {
    const { who, ...query } = await body<{ readonly who: string } & TrialListQuery>()
    return o.whatCan(localActor, who, query)
  },
  'GET /accounts': (o) => o.listAccounts(localActor),
  'POST /accounts': async (o, { body }) => o.inviteAccount(localActor, await body()),
  'POST /accounts/reset': async (o, { query, body }) =>
    o.resetAccount(localActor, query('who'), await body()),
  'POST /accounts/disable': (o, { query }) => o.disableAccount(localActor, query('who')),
  'POST /accounts/enable': (o, { query }) => o.enableAccount(localActor, query('who')),
  'POST /accounts/groups': async (o, { query, body }) =>
    o.setAccountGroups(localActor, query('who'), await body()),
  'DELETE /accounts': (o, { query }) => o.removeAccount(localActor, query('who')),
  'GET /service-accounts': (o) => o.listServiceAccounts(localActor),
  'POST /service-accounts': async (o, { body }) => o.createServiceAccount(localActor, await body()),
  'POST /service-accounts/:id/rotate': async (o, { param, body }) =>
    o.rotateServiceAccount(localActor, param('id'), await body()),
  'DELETE /service-accounts/:id': (o, { param }) => o.revokeServiceAccount(localActor, param('id')),
  'GET /publishers': (o) => o.listPublishers(localActor),
  'DELETE /publishers': (o, { query }) => o.revokePublishers(localActor, query('who')),
  'GET /connectors': (o) => o.listConnectors(localActor),
  'POST /connectors/cut': async (o, { body }) => o.cutConnectors(localActor, await body()),
  'POST /connectors/drain': async (o, { body }) => o.drainConnectors(localActor, await body()),
  'GET /keys': (o) => o.listTokenKeys(localActor),
  'GET /signing-keys/:purpose': (o, { param }) => o.listSigningKeys(localActor, param('purpose')),
  'POST /signing-keys/:purpose/rotation': (o, { param }) =>
    o.rotateSigningKey(localActor, param('purpose')),
  'DELETE /signing-keys/:purpose/former': (o, { param }) =>
    o.forgetSigningKeys(localActor, param('purpose')),
  'GET /ssh-ca': (o) => o.listSshCaKeys(localActor),
  'POST /access/export': async (o, { body }) => o.exportAccess(localActor, await body()),
  'POST /access/reach': async (o, { body }) => o.reach(localActor, await body()),
  'POST /access/import': async (o, { body }) => o.importAccess(localActor, await body()),
  'POST /audit/search': async (o, { body }) => o.searchAudit(localActor, await body()),
  'POST /audit/checkpoint': (o) => o.auditCheckpoint(localActor),
  // What `postern admin` asks: paths and answers are the API's.
  'GET /admin/tunnels': (o) => ({ name: 'items', items: o.listTunnels(localActor) }),
  'DELETE /admin/tunnels/:id': (o, { param }) => o.cutTunnels(localActor, { id: param('id') }),
  'POST /admin/tunnels/cut': async (o, { body }) => o.cutTunnels(localActor, await body()),
  'GET /admin/sessions': (o) => ({ name: 'items', items: o.listSessions(localActor) }),
  'DELETE /admin/sessions/:id': (o, { param }) => o.revokeSession(localActor, param('id')),
  'DELETE /admin/sessions': (o, { query }) => o.revokeUser(localActor, query('user')),
  'GET /admin/blocks': async (o) => ({ items: (await o.listBlocks(localActor)).blocks }),
  'PUT /admin/blocks/:user': async (o, { param, body }) =>
    o.blockPerson(localActor, param('user'), await body()),
  'DELETE /admin/blocks/:user': (o, { param }) => o.unblockPerson(localActor, param('user')),
  'GET /admin/routes': (o, { query }) =>
    o.listRoutes(localActor, { limit: 500, ...(query('cursor') && { cursor: query('cursor') }) }),
  'POST /admin/routes/bulk': async (o, { body }) => o.changeRoutes(localActor, await body()),
  'POST /keys/rotation': (o) => o.beginTokenRotation(localActor),
  'POST /keys/rotation/step': async (o, { body }) => o.stepTokenRotation(localActor, await body()),
}

/** Undefined for all of them. */
function stateOf(text: string): 'pending' | 'approved' | undefined {
  return text === 'pending' || text === 'approved' ? text : undefined
}

type App = Hono<{ Bindings: HttpBindings }>

function controlApp({ operations, logger }: ControlOptions): App {
  const app: App = new Hono()
  const onFailure = (error: unknown): void => logger.error('a command failed', { error })
  app.use('/keys/*', bodyLimit({ maxSize: maxKeyBodyBytes, onError: tooLong }))
  const limitAccess = bodyLimit({ maxSize: maxAccessBodyBytes, onError: tooLong })
  const limitOthers = bodyLimit({ maxSize: maxBodyBytes, onError: tooLong })
  app.use((c, next) =>
    c.req.path.startsWith('/access/') ? limitAccess(c, next) : limitOthers(c, next),
  )
  app.onError((error, c) => {
    if (error instanceof AppError) return c.json(faultOf(error), 400)
    onFailure(error)
    return c.text('Internal Server Error', 500)
  })
  for (const [name, serve] of Object.entries(table)) {
    const [method = '', path = ''] = name.split(' ')
    app.on(method, path, async (c) => {
      const answer = await serve(operations, askedBy(c))
      if (!isList(answer)) return c.json(answer)
      await writeJsonList(c.env.outgoing, answer, onFailure)
      return RESPONSE_ALREADY_SENT
    })
  }
  return app
}

/** An answer of its own may have `items` as well, a page of them. */
function isList(answer: object): answer is JsonList {
  if (!('items' in answer) || typeof answer.items !== 'object') return false
  return answer.items !== null && Symbol.asyncIterator in answer.items
}

function tooLong(c: Context): Response {
  return c.text('Payload Too Large', 413)
}

function askedBy(c: Context): Asked {
  return {
    param: (name) => c.req.param(name) ?? '',
    query: (name) => c.req.query(name) ?? '',
    async body() {
      const text = await c.req.text()
      try {
        return JSON.parse(text)
      } catch (cause) {
        throw malformedRequest(cause)
      }
    },
  }
}

function faultOf(error: AppError): ControlFault {
  const { code, message, hint } = error
  const problems = error instanceof ConfigError ? { problems: error.problems } : {}
  return { error: code.replaceAll('-', '_'), message, ...(hint && { hint }), ...problems }
}
