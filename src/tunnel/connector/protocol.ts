import type { Applicant } from './proof.ts'

/**
 * What a connector and a gateway say to each other. The connector dials the gateway's port with TLS and
 * names this protocol in ALPN (RFC 7301); on that connection the gateway is the HTTP/2 client, which opens
 * one CONNECT stream for each tunnel, and a control stream first.
 */
export const connectorProtocol = 'postern-connector/1'

/**
 * The control stream: `POST` by the gateway as soon as the connection stands, open as long as it. Both sides
 * write one JSON object per line, `FromConnector` and `FromGateway`.
 */
export const controlPath = '/.postern/connector/v1/control'

/** On a CONNECT stream: the signed grant (`grant.ts`), without which a connector dials nothing. */
export const grantHeader = 'postern-grant'

/** On an answer of the connector that is no 200: a `StreamFault` as a single word. */
export const faultHeader = 'postern-fault'

/** On an answer of the connector that is no 200: one sentence for the gateway's log. */
export const faultTextHeader = 'postern-fault-text'

/** Why a connector did not open a stream. */
export type StreamFault =
  /** None of its rules is for this host name, or it may not dial what the stream names. */
  | 'no-rule'
  /** Its rule answers with a status (`http_status:`, or a service that carries no bytes). */
  | 'not-served'
  /** The service refused the connection, or was not reached in time. */
  | 'origin-unreachable'
  /** The grant is missing, expired, used before, for somebody else, or not signed by a key it trusts. */
  | 'bad-grant'
  /** It is about to end, and takes no new streams. */
  | 'draining'
  /** It has too many streams or too few descriptors. */
  | 'busy'

/** One service that a connector offers, as it stands in its rules. */
export interface OfferedService {
  /** Exact, or with a leading `*.`; undefined for the catch-all. */
  readonly hostname: string | undefined
  /** Such as `tcp://localhost:7870`, `unix:/run/x.sock`, `bastion`, `http_status:404`. */
  readonly service: string
}

export type FromConnector =
  /** Its first word, and all that it says to whoever has not proved to be the gateway. */
  | ({
      readonly type: 'prove'
      /** That it knows the secret of the tunnel (`proof.ts`). */
      readonly proof: string
    } & Applicant)
  /** Its second, after `proved`. */
  | {
      readonly type: 'register'
      readonly version: string
      readonly arch: string
      /** Thumbprints (RFC 7638) of the grant keys it trusts. */
      readonly grantKeys: readonly string[]
      readonly services: readonly OfferedService[]
      /** Names that it wants to be reached by; each is registered, or the registration is refused. */
      readonly hostnames: readonly string[]
    }
  /** Its rules have changed. */
  | {
      readonly type: 'services'
      readonly services: readonly OfferedService[]
      readonly hostnames: readonly string[]
    }
  /** Which keys it trusts from now on, by their thumbprints: it has learnt one, or was given another credential. */
  | { readonly type: 'grant-keys'; readonly grantKeys: readonly string[] }
  /** Take no new streams here; it ends when those that are open have ended. */
  | { readonly type: 'draining' }

export type FromGateway =
  /** The connector has proved that it knows the secret; so does this. */
  | { readonly type: 'proved'; readonly proof: string }
  | {
      readonly type: 'registered'
      readonly connectionId: string
      /** Names the gateway in the connector's log. */
      readonly location: string
      /** For the log: such as a published name that no policy lets anybody use, with the lines to add. */
      readonly notices: readonly string[]
    }
  | {
      readonly type: 'refused'
      /** Stable, such as `unknown-tunnel`, `wrong-secret`, `tunnel-deleted`, `hostname-taken`. */
      readonly code: string
      readonly message: string
      readonly next: string
      /** False: the connector ends with an error; true: it tries again after its back-off. */
      readonly retry: boolean
    }
  /** A grant key: a JWS by a key that the connector trusts already (`sign-grant.ts`); it answers `grant-keys`. */
  | { readonly type: 'grant-key'; readonly signed: string }
  | { readonly type: 'notice'; readonly message: string }
  /** The gateway closes: connect elsewhere or again, streams that are open may end by themselves. */
  | { readonly type: 'draining' }
