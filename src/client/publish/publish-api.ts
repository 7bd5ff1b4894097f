import type { z } from 'zod'
import { AccessError, PeerError, UpstreamError, type AppError } from '../../errors.ts'
import type { GatewayRequest, SendToGateway } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import { publishAnswers, publishFields, publishPaths } from '../../tunnel/publish.ts'
import type { PublishAnswer } from '../../tunnel/publish.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'

/**
 * What a publisher asks a gateway for. Each throws what the gateway says: an `AccessError` where the credential
 * does not allow it, a `PeerError` where it cannot be done, both with the gateway's code and next step; an
 * `UpstreamError` where it cannot be reached.
 */
export interface PublishApi {
  list(): Promise<PublishAnswer<'list'>>
  info(nameOrId: string): Promise<PublishAnswer<'info'>>
  create(name: string): Promise<PublishAnswer<'create'>>
  delete(nameOrId: string, force: boolean): Promise<PublishAnswer<'delete'>>
  /** `service`: what stock connectors of it are to serve from now on. */
  token(nameOrId: string, rotate: boolean, service?: string): Promise<PublishAnswer<'token'>>
  addHostname(nameOrId: string, hostname: string): Promise<PublishAnswer<'addHostname'>>
  removeHostname(nameOrId: string, hostname: string): Promise<PublishAnswer<'removeHostname'>>
}

/** @limit an answer of the gateway to a publisher: `unexpected-answer` */
const maxAnswerBytes = 8 * 1024 * 1024

/** `bearer` as `bearerOf` makes it. */
export function createPublishApi(
  send: SendToGateway,
  bearer: string,
  signal: AbortSignal,
): PublishApi {
  async function ask<T>(schema: z.ZodType<T>, request: GatewayRequest): Promise<T> {
    const answer = await send({ ...request, bearer, maxBodyBytes: maxAnswerBytes }, signal)
    if (answer.status !== 200) throw refused(answer)
    const read = schema.safeParse(parseJson(answer.body))
    if (read.success) return read.data
    throw unexpected(answer)
  }
  const get = <T>(schema: z.ZodType<T>, path: string) => ask(schema, { method: 'GET', path })
  const post = <T>(schema: z.ZodType<T>, path: string, fields: Readonly<Record<string, string>>) =>
    ask(schema, { method: 'POST', path, body: new URLSearchParams(fields).toString() })
  const { name, hostname: host, force: forced, rotate: rotated } = publishFields

  return {
    list: () => get(publishAnswers.list, publishPaths.tunnels),
    info: (tunnel) => get(publishAnswers.info, publishPaths.tunnel(tunnel)),
    create: (wanted) => post(publishAnswers.create, publishPaths.tunnels, { [name]: wanted }),
    delete: (tunnel, force) =>
      post(publishAnswers.delete, publishPaths.delete(tunnel), { [forced]: String(force) }),
    token: (tunnel, rotate, service) =>
      post(publishAnswers.token, publishPaths.token(tunnel), {
        [rotated]: String(rotate),
        ...(service !== undefined && { [publishFields.service]: service }),
      }),
    addHostname: (tunnel, hostname) =>
      post(publishAnswers.addHostname, publishPaths.hostnames(tunnel), { [host]: hostname }),
    removeHostname: (tunnel, hostname) =>
      post(publishAnswers.removeHostname, publishPaths.removeHostname(tunnel), {
        [host]: hostname,
      }),
  }
}

function refused(answer: HttpAnswer): AppError {
  const refusal = decodeRefusal(answer.body)
  // An older gateway, or what stands in front of it.
  if (refusal === undefined || refusal.message === '') return unexpected(answer)
  const code = refusal.code.replaceAll('_', '-')
  const details = { hint: refusal.next === '' ? undefined : refusal.next }
  if (answer.status >= 500)
    return new UpstreamError('gateway-unreachable', refusal.message, details)
  const isNotAllowed = answer.status === 401 || answer.status === 403
  const Fault = isNotAllowed ? AccessError : PeerError
  return new Fault(code, refusal.message, details)
}

function unexpected({ status }: HttpAnswer): PeerError {
  return new PeerError(
    'unexpected-answer',
    `the gateway gave an answer of ${status} that is none`,
    {
      hint: 'check the address: a gateway that knows "sites" answers there',
    },
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
