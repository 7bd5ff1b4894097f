import type { HostPort } from '../../address.ts'

/** RFC 8945 §6: those that are in use; `hmac-md5` and `hmac-sha1` are not for new keys. */
export const tsigAlgorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

/** A key that signs messages to a DNS server (RFC 8945). */
export interface TsigKey {
  /** As the server knows it. */
  readonly name: string
  readonly algorithm: (typeof tsigAlgorithms)[number]
  readonly secret: Uint8Array
}

/** How a zone is written: by updates (RFC 2136) that a key signs. */
export interface ZoneSettings {
  readonly server: HostPort
  /** In lower case. */
  readonly zone: string
  readonly key: TsigKey
  readonly ttlSeconds: number
}

/** How the records of a site are written. */
export interface DnsSettings extends ZoneSettings {
  /** Where published names lead: a host name, or IP addresses of one or both families. */
  readonly target: string | readonly string[]
}
