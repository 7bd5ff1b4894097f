import { isIPv6 } from 'node:net'
import { SystemError } from '../../errors.ts'
import { parseListenAddress, type LocalAddress } from '../serve/listen-address.ts'

/** What may stand before an address: it tells a person what listens there, and nothing else. */
const schemes = ['tcp', 'ssh', 'rdp', 'smb', 'http', 'https']

/**
 * Parses `--url`: `HOST:PORT` with a scheme before it or without, `:PORT` for all addresses, IPv6 with
 * brackets or without, or `unix:PATH`. `localhost` is 127.0.0.1, whatever the machine's names say, since
 * that is what a program that is pointed at it finds.
 *
 * @throws SystemError `invalid-listen-address`
 */
export function parseLocalAddress(text: string): LocalAddress {
  const plain = text.trim()
  const isPath = plain.startsWith('unix:')
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z][a-z+.-]*):\/\/)?(.*?)\/?$/is.exec(plain) ?? []
  if (!isPath && !schemes.includes(scheme.toLowerCase())) throw invalid(text)
  try {
    const named = bracketIPv6(rest.replace(/^localhost(?=:)/i, '127.0.0.1'))
    const address = parseListenAddress(isPath ? plain : named)
    if (address.kind === 'stdio') throw invalid(text)
    return address
  } catch {
    throw invalid(text)
  }
}

/** `::1:9210` as `[::1]:9210`: the last part of an address to listen on is its port. */
function bracketIPv6(text: string): string {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, Math.max(colon, 0))
  return isIPv6(host) ? `[${host}]${text.slice(colon)}` : text
}

function invalid(text: string): SystemError {
  return new SystemError('invalid-listen-address', `"${text}" is not an address to listen on`, {
    hint: 'write "localhost:PORT", ":PORT" for all addresses, or "unix:PATH"; without "--url" it is stdin and stdout',
  })
}
