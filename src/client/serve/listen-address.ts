import { bracketed, isLoopbackHost, parseHost, parsePort } from '../../address.ts'
import { SystemError } from '../../errors.ts'

/** Where a client takes connections from. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'stdio' }

/** One that programs connect to. */
export type LocalAddress = Exclude<ListenAddress, { kind: 'stdio' }>

/**
 * Parses `--listen`: `HOST:PORT`, `:PORT` for all addresses, `unix:PATH`, or `-` for standard input
 * and output. Port 0 lets the system choose.
 *
 * @throws SystemError `invalid-listen-address`
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text === '-') return { kind: 'stdio' }
  if (text.startsWith('unix:') && text.length > 'unix:'.length) {
    return { kind: 'unix', path: text.slice('unix:'.length) }
  }
  const colon = text.lastIndexOf(':')
  const [hostText, portText] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  const host = hostText === '' ? undefined : parseHost(hostText)
  const port = portText === '0' ? 0 : parsePort(portText)
  if (colon < 0 || port === undefined || (hostText !== '' && host === undefined)) {
    throw new SystemError('invalid-listen-address', `"${text}" is not an address to listen on`, {
      hint: 'write "127.0.0.1:PORT", ":PORT" for all addresses, "unix:PATH", or "-" for stdin and stdout',
    })
  }
  return { kind: 'tcp', host, port }
}

/** Whether others than this machine's users can reach it. */
export function isOpenToOthers(address: ListenAddress): boolean {
  return address.kind === 'tcp' && (address.host === undefined || !isLoopbackHost(address.host))
}

/** Formats a TCP address as people write it: `127.0.0.1:2222`, `[::]:2222`. */
export function formatListening(host: string, port: number): string {
  return `${bracketed(host)}:${port}`
}
