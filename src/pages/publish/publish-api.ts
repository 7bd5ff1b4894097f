import { formatServices } from '../../publish/pushed-services.ts'
import { AccessError, AppError, PeerError } from '../../errors.ts'
import type { Publishers } from '../../publish/publisher.ts'
import type { RecordState } from '../../publish/records.ts'
import type {
  PublishActor,
  PublishedHostname,
  Publishing,
  TunnelInfo,
} from '../../publish/publishing.ts'
import { secretsToJson } from '../../publish/tunnel-secrets.ts'
import {
  isStockService,
  publishFields,
  publishPaths,
  type PublishAnswerJson,
  type RecordStateJson,
} from '../../tunnel/publish.ts'
import { renderRefusal } from '../answers/answer.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { toRefusal } from '../answers/refusal.ts'

export interface PublishApiParts {
  readonly publishing: Publishing
  readonly publishers: Pick<Publishers, 'authenticate'>
  /** Names the gateway to stock connectors, which send it along: 32 hexadecimal digits. */
  readonly accountTag: string
  /** PEM of the authority that stock connectors are to trust. */
  connectorCa(): Promise<string>
}

/**
 * A name and a host name.
 *
 * @limit a request of a publisher: 413 `request_too_large`
 */
const maxRequestBytes = 4096

/** What `postern tunnel …` asks for, on every host name that the gateway is reached by. */
export function createPublishApi(parts: PublishApiParts): PageApp {
  const { publishing } = parts
  const app = createPageApp()
  app.use(`${publishPaths.tunnels}/*`, limitBody(maxRequestBytes))
  app.use(publishPaths.tunnels, limitBody(maxRequestBytes))
  app.onError((error, c) => {
    if (!(error instanceof AppError)) throw error
    return refuse(c, error)
  })
  const nameOf = (c: PageContext): string => c.req.param('tunnel') ?? ''
  const one = `${publishPaths.tunnels}/:tunnel`
  app.get(publishPaths.tunnels, (c) => {
    const tunnels = publishing.list(actorOf(c, parts)).map(infoToJson)
    return send(c, { tunnels } satisfies PublishAnswerJson<'list'>)
  })
  app.get(one, (c) => send(c, infoToJson(publishing.info(actorOf(c, parts), nameOf(c)))))
  app.post(publishPaths.tunnels, async (c) => {
    const form = await readForm(c)
    const by = actorOf(c, parts)
    return send(
      c,
      secretsToJson(await publishing.create(by, field(form, 'name')), parts.accountTag),
    )
  })
  app.post(`${one}/delete`, async (c) => {
    const force = field(await readForm(c), 'force') === 'true'
    const { records, routes } = await publishing.delete(actorOf(c, parts), nameOf(c), { force })
    const answer = { records: records.map(stateToJson), routes: [...routes] }
    return send(c, answer satisfies PublishAnswerJson<'delete'>)
  })
  app.post(`${one}/token`, async (c) => {
    const [form, connectorCa] = [await readForm(c), await parts.connectorCa()]
    const [rotate, services] = [
      field(form, 'rotate') === 'true',
      servicesOf(field(form, 'service')),
    ]
    const secrets = await publishing.token(actorOf(c, parts), nameOf(c), { rotate, services })
    return send(c, { ...secretsToJson(secrets, parts.accountTag), connector_ca: connectorCa })
  })
  app.post(`${one}/hostnames`, async (c) => {
    const hostname = field(await readForm(c), 'hostname')
    const by = actorOf(c, parts)
    return send(c, publishedToJson(await publishing.addHostname(by, nameOf(c), hostname)))
  })
  app.post(`${one}/hostnames/delete`, async (c) => {
    const hostname = field(await readForm(c), 'hostname')
    const by = actorOf(c, parts)
    return send(c, publishedToJson(await publishing.removeHostname(by, nameOf(c), hostname)))
  })
  return app
}

/**
 * Whose credential it is. Asked for once the body is here: between this and what it allows there is no wait,
 * and a credential that was revoked meanwhile allows nothing.
 */
function actorOf(c: PageContext, { publishers }: PublishApiParts): PublishActor {
  const { ip } = c.env.client
  const [scheme = '', credential = ''] = (c.req.header('authorization') ?? '').split(' ')
  if (scheme.toLowerCase() !== 'bearer' || credential === '') throw withoutCredential()
  const publisher = publishers.authenticate(credential, ip)
  return { publisher, ip, requestId: c.env.requestId }
}

function withoutCredential(): AccessError {
  const text = 'this needs the credential of a publisher'
  return new AccessError('publish-credential-required', text, {
    hint: 'sign in with "postern tunnel login"',
  })
}

/** The rules of stock connectors, as a tunnel keeps them: one service for every name. */
function servicesOf(service: string): string | undefined {
  if (service === '') return undefined
  if (isStockService(service)) return formatServices([{ hostname: undefined, service }])
  throw new PeerError('invalid-service', 'the service is none that carries bytes', {
    hint: 'write tcp://HOST:PORT',
  })
}

function field(form: Readonly<Record<string, unknown>>, name: keyof typeof publishFields): string {
  const value = form[publishFields[name]]
  return typeof value === 'string' ? value : ''
}

function infoToJson({ tunnel, connections }: TunnelInfo): PublishAnswerJson<'info'> {
  return {
    id: tunnel.id,
    name: tunnel.name,
    site: tunnel.site,
    created_by: tunnel.createdBy,
    created_at: new Date(tunnel.createdAtMs).toISOString(),
    hostnames: [...tunnel.hostnames],
    connections: connections.map(({ connectorId, version, ip, sinceMs }) => ({
      connector_id: connectorId,
      version,
      ip,
      since: new Date(sinceMs).toISOString(),
    })),
  }
}

function publishedToJson(published: PublishedHostname): PublishAnswerJson<'addHostname'> {
  const { tunnel, hostname, record } = published
  return { id: tunnel.id, name: tunnel.name, hostname, record: stateToJson(record) }
}

function stateToJson(state: RecordState): RecordStateJson {
  return { ...state, records: [...state.records] }
}

function send(c: PageContext, answer: object): Response {
  return c.json(answer, 200, { 'cache-control': 'no-store' })
}

function refuse(c: PageContext, error: AppError): Response {
  const refusal = toRefusal(error)
  const { status, headers, body } = renderRefusal(refusal, c.env.requestId, 'application/json')
  return new Response(body, { status, headers })
}
