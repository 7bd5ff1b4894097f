// What cloudflared's registration says, by the layouts of its `tunnelrpc.capnp`, 2024.12 to 2026.8.
import { PeerError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import type { StructReader } from './capnp/reader.ts'
import { encodeReturn } from './rpc.ts'

/** The one interface that a connector calls, and its methods. */
export const registrationServer = 0xf716_95ec_7fe8_5497n
export const methods = {
  registerConnection: 0,
  unregisterConnection: 1,
  updateLocalConfiguration: 2,
} as const

/** What a connector asks to be registered as. Its texts are foreign, and made safe to show. */
export interface Registration {
  readonly tunnelId: string
  readonly secret: Buffer
  readonly connIndex: number
  /** Names the process, a UUID; another one after each start. */
  readonly connectorId: string
  readonly version: string
  readonly arch: string
  readonly features: readonly string[]
}

/** @throws PeerError `malformed-message` */
export function readRegistration(params: StructReader): Registration {
  const [auth, options] = [params.struct(0), params.struct(2)]
  const client = options.struct(0)
  return {
    tunnelId: readUuid(params.data(1)),
    secret: Buffer.from(auth.data(1)),
    connIndex: params.u8(0),
    connectorId: readUuid(client.data(0)),
    version: printable(client.text(2)),
    arch: printable(client.text(3)),
    features: client.texts(1).map(printable),
  }
}

/** The local rules of a connector, as JSON. */
export function readLocalConfiguration(params: StructReader): string {
  return params.data(0).toString('utf8')
}

export interface Registered {
  /** A UUID, new for each connection. */
  readonly id: string
  /** Names the gateway in the connector's log. */
  readonly location: string
  /** Whether it gets its rules from us; then it says nothing of its own. */
  readonly isRemotelyManaged: boolean
}

export function encodeRegistered(answerId: number, registered: Registered): Buffer {
  return encodeReturn(answerId, (payload) => {
    const response = payload.struct(0, 0, 1).struct(0, 1, 1)
    response.setU16(0, 1)
    const details = response.struct(0, 1, 2)
    if (registered.isRemotelyManaged) details.setBit(0)
    details.data(0, Buffer.from(registered.id.replaceAll('-', ''), 'hex'))
    details.text(1, registered.location)
  })
}

/**
 * Refuses a registration. A connector that was never registered ends its process at most causes:
 * one that contains `Unauthorized` is tried again a few times, and `EDUPCONN` at another address.
 */
export function encodeRefused(answerId: number, cause: string): Buffer {
  return encodeReturn(answerId, (payload) => {
    payload.struct(0, 0, 1).struct(0, 1, 1).struct(0, 2, 1).text(0, cause)
  })
}

function readUuid(bytes: Buffer): string {
  if (bytes.length !== 16) throw new PeerError('malformed-message', 'an id is not 16 bytes long')
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
