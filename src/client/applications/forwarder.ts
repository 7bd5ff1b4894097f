import type { Destination } from '../../reach/destination.ts'
import type { RequestFields } from '../../reach/http-answer.ts'
import type { LocalAddress } from '../serve/listen-address.ts'

/** A local address whose connections lead to an application. */
export interface Forwarder {
  readonly destination: Destination
  readonly listen: LocalAddress
  /** How its local address was written, for messages. */
  readonly written: string
  /** Further fields of each request. */
  readonly fields: RequestFields
  /** A service account's credential, with which no browser opens; undefined: whoever runs this. */
  readonly credential: string | undefined
}

/** The same for two that do the same, whatever they were written in. */
export function forwarderKey({ destination, listen, fields, credential }: Forwarder): string {
  return JSON.stringify([
    destination.authority,
    destination.gateway.origin,
    listen,
    fields,
    credential ?? null,
  ])
}

/** The same for two that may share a client: one gateway, one who asks. */
export function clientKey({ destination, credential }: Forwarder): string {
  return JSON.stringify([destination.gateway.origin, credential ?? null])
}
