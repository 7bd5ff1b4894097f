import { parseAuthority, formatAuthority } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import type { RequestFields } from '../../reach/http-answer.ts'
import { bastionTargetHeader } from '../../tunnel/headers.ts'

/** Fields that say how a request is carried, or are the client's own. */
const ownFields =
  /^(?:host|connection|keep-alive|transfer-encoding|content-length|content-type|te|trailer|upgrade|expect|accept|user-agent|sec-websocket-.*|proxy-.*|http2-settings)$/

/** Fields by which somebody says who they are: `--header` is no way around the options for it. */
const credentialNames = new Map([
  ['authorization', '"--service-account-file"'],
  ['x-pomerium-authorization', '"--service-account-file"'],
  ['cf-access-token', 'POSTERN_SERVICE_ACCOUNT'],
  ['cf-access-client-id', '"--service-token-id"'],
  ['cf-access-client-secret', 'TUNNEL_SERVICE_TOKEN_SECRET'],
])

/**
 * Reads `--header` and `--destination` as fields of the request, in lower case. A field that is given
 * several times has its values joined (RFC 9110 §5.3).
 *
 * @throws SystemError `invalid-header` or `invalid-destination`
 */
export function parseRequestFields(
  headers: readonly string[],
  destination: string | undefined,
): RequestFields {
  const fields: Record<string, string> = {}
  for (const header of headers) {
    const [name, value] = parseField(header)
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`
  }
  if (destination === undefined) return fields
  return { ...fields, [bastionTargetHeader]: parseTarget(destination) }
}

function parseField(header: string): readonly [name: string, value: string] {
  // Both as RFC 9110 has them: a token, and what can stand in a field (§5.1, §5.5).
  const [, name, value] =
    /^([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*:[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/i.exec(header) ?? []
  if (name === undefined || value === undefined) {
    throw invalidHeader(header.split(':')[0] ?? '', 'is not a field', 'write "NAME: VALUE"')
  }
  const lower = name.toLowerCase()
  const option = credentialNames.get(lower)
  if (option !== undefined) {
    throw invalidHeader(name, 'says who asks', `use ${option}, which no other user can see`)
  }
  if (ownFields.test(lower)) {
    throw invalidHeader(name, "is the client's own", 'leave it out: the client writes it itself')
  }
  return [lower, value]
}

function parseTarget(text: string): string {
  const target = parseAuthority(text.replace(/^[a-z]+:\/\//i, ''))
  if (target !== undefined) return formatAuthority(target)
  throw new SystemError('invalid-destination', `"${text}" is not a destination behind a bastion`, {
    hint: 'write "HOST:PORT", such as "10.0.0.5:22"',
  })
}

/** The value may be a secret, and is not repeated. */
function invalidHeader(name: string, what: string, hint: string): SystemError {
  return new SystemError('invalid-header', `"--header ${name}" ${what}`, { hint })
}
