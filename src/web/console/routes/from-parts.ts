/** A route's `from`, as the form has it: three fields, of which any may still be empty. */
export interface FromParts {
  readonly protocol: FromProtocol
  readonly host: string
  /** Empty for every port. */
  readonly port: string
}

/** `tcp+https`, and the older spelling that means the same. */
export const fromProtocols = ['tcp+https', 'tcp+http'] as const
export type FromProtocol = (typeof fromProtocols)[number]

/** The parts of a `from`; undefined where it is more than they can say, such as several hosts behind a gateway's. */
export function partsOfFrom(from: unknown): FromParts | undefined {
  if (from === undefined || from === '') return { protocol: 'tcp+https', host: '', port: '' }
  if (typeof from !== 'string') return undefined
  const [, protocol, host = '', port = ''] =
    /^(tcp\+https?):\/\/(\[[^\]/]*\]|[^:/[\]]*)(?::([^:/]*))?\/?$/i.exec(from.trim()) ?? []
  const known = fromProtocols.find((name) => name === protocol?.toLowerCase())
  return known && { protocol: known, host, port }
}

/** The `from` that the parts stand for. */
export function formatFrom({ protocol, host, port }: FromParts): string {
  return `${protocol}://${host}${port === '' ? '' : `:${port}`}`
}

/**
 * The parts after somebody has typed or pasted into the field of the host: a whole `from`, or `host:port`, fills
 * the other fields too.
 */
export function typeHost(parts: FromParts, typed: string): FromParts {
  const text = typed.trim()
  if (/^tcp\+https?:\/\//i.test(text)) return partsOfFrom(text) ?? { ...parts, host: text }
  const [, host = text, port = parts.port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? []
  return { ...parts, host, port }
}
