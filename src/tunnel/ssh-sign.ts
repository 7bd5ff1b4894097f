/** What asks a gateway for an SSH certificate, as JSON by `POST` to `gatewayPaths.sshSign`, with a token. */
export interface SshSignRequest {
  /** What it is for: `host:port`, as it goes into CONNECT. */
  readonly target: string
  /** The line of a `.pub` file. */
  readonly public_key: string
}

/** The answer to it. */
export interface SshSignAnswer {
  /** The line of a `-cert.pub` file. */
  readonly certificate: string
  /** RFC 3339. */
  readonly expires_at: string
  readonly principals: readonly string[]
  readonly key_id: string
  /** In decimal: it may be larger than a number can hold. */
  readonly serial: string
}

/** Reads the request; undefined for anything else. */
export function decodeSshSignRequest(value: unknown): SshSignRequest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { target, public_key } = value as Partial<Record<string, unknown>>
  return typeof target === 'string' && typeof public_key === 'string'
    ? { target, public_key }
    : undefined
}

/** Reads the certificate of an answer, one line; undefined for anything else. */
export function decodeSshSignAnswer(body: string): string | undefined {
  try {
    const { certificate } = JSON.parse(body) as Partial<SshSignAnswer>
    return typeof certificate === 'string' && /^[\x20-\x7e]+$/.test(certificate)
      ? certificate
      : undefined
  } catch {
    return undefined
  }
}
