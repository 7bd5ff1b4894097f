import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { localActor } from '../control/change.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { signInByDevice, startDeviceRig, type DeviceRig } from './device.fixture.ts'
import { connectHead, connectTls, echo, startService } from './gateway.fixture.ts'

/** What SCIM answers; an empty object for no body. */
export interface ScimAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: ScimBody
}

/** What stands in answers of SCIM, as far as tests look: in a resource (RFC 7643), in a list and in an error (RFC 7644). */
export interface ScimBody {
  readonly id?: string
  readonly externalId?: string
  readonly userName?: string
  readonly displayName?: string
  readonly active?: boolean
  readonly name?: { readonly givenName?: string; readonly familyName?: string }
  readonly emails?: readonly { readonly value: string; readonly primary?: boolean }[]
  readonly members?: readonly { readonly value: string }[]
  readonly meta?: { readonly location: string; readonly version: string }
  readonly totalResults?: number
  readonly startIndex?: number
  readonly itemsPerPage?: number
  readonly Resources?: readonly (ScimBody & { readonly endpoint?: string })[]
  readonly status?: string
  readonly scimType?: string
  /** Of the gateway itself, where it has no SCIM. */
  readonly error?: string
  readonly patch?: { readonly supported: boolean }
  readonly bulk?: { readonly supported: boolean }
  readonly filter?: { readonly supported: boolean }
}

export type AskScim = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<ScimAnswer>

/** A gateway that a directory provisions, with a database behind it. */
export interface ScimRig extends DeviceRig {
  readonly scim: AskScim
  /** The credential that `scim` sends. */
  readonly credential: string
  /** A person's tunnel to the database, or the status of the refusal. */
  tunnel(token: string): Promise<TLSSocket | number>
  /** One that is open. */
  openTunnel(token: string): Promise<TLSSocket>
  signIn(email: string): Promise<string>
}

const target = 'db.example.com:5432'

export async function startScimRig(t: TestContext, more = ''): Promise<ScimRig> {
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const rig = await startDeviceRig(t, `${more}\nscim: { service_account: directory }\n`)
  await rig.reload((yaml) => yaml.replace('tcp://127.0.0.1:1', `tcp://127.0.0.1:${service.port}`))
  const account = { id: 'directory', description: '', format: 'jwt', expires_at: null } as const
  const { credential: token } = await rig.operations.createServiceAccount(localActor, account)

  const scim: AskScim = async (method, path, body, headers = {}) => {
    const answer = await rig.send(method, gatewayPaths.scim + path, {
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/scim+json',
        ...headers,
      },
      body: body === undefined ? '' : JSON.stringify(body),
    })
    const text = answer.body === '' ? '{}' : answer.body
    return { status: answer.status, headers: answer.headers, body: JSON.parse(text) as ScimBody }
  }

  async function tunnel(token: string): Promise<TLSSocket | number> {
    const socket = await connectTls(Number(new URL(rig.origin).port))
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write(connectHead(target, `Authorization: Pomerium ${token}`))
    const [head] = (await once(socket, 'data')) as [Buffer]
    const status = Number(head.toString().split(' ')[1])
    return status === 200 ? socket : status
  }

  return {
    ...rig,
    scim,
    credential: token,
    tunnel,
    async openTunnel(token) {
      const socket = await tunnel(token)
      if (typeof socket === 'number') assert.fail(`refused with ${socket}`)
      assert.equal(await echoed(socket, 'hello'), 'hello')
      return socket
    },
    signIn: (email) => signInByDevice(rig, email),
  }
}

export async function echoed(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text)
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString()
}

/** Resolves when the gateway has ended it, in order or not. */
export function untilEnded(socket: TLSSocket): Promise<void> {
  socket.resume()
  // What was asked for has ended it before that was answered.
  if (socket.readableEnded || socket.closed) return Promise.resolve()
  return new Promise((resolve) => {
    socket.once('end', resolve).once('close', () => resolve())
  })
}
