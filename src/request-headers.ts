import type { IncomingHttpHeaders } from 'node:http'

/** Request headers, names in lower case. */
export type RequestHeaders = Readonly<IncomingHttpHeaders>

/** One header as a single text; several of one name are joined as HTTP joins them. */
export function headerText(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
