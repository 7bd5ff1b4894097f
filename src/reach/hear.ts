import type { Socket } from 'node:net'
import { printable } from '../terminal-text.ts'
import { version } from '../version.ts'
import type { GatewayAddress } from './destination.ts'

// Who answers where a gateway was expected, by what it says of itself. Whatever comes is somebody else's text: it is
// bounded, cleaned, and believed in nothing.

/** What a peer said to a request for a page, or before it. */
export type Heard =
  /** An HTTP answer. */
  | {
      readonly kind: 'http'
      readonly status: number
      /** The value of `Server`; empty without one. */
      readonly server: string
      /** The title of its page; empty without one. */
      readonly title: string
    }
  /** Something else, such as the first line of an SSH server. */
  | {
      readonly kind: 'words'
      /** Such as `SSH`; undefined for what is not known by its first words. */
      readonly protocol: string | undefined
      /** Its first line; empty where that is nothing to read. */
      readonly text: string
    }
  /** It has said nothing in time. */
  | { readonly kind: 'silence' }
  /** It has ended the connection without a word. */
  | { readonly kind: 'end' }

/**
 * Longest wait for what a peer says, in milliseconds.
 *
 * @limit time to find out who answers in place of a gateway: it is told without a name
 */
export const hearTimeoutMs = 2_500
/**
 * Most that is read of it, in bytes: a head and the beginning of a page.
 *
 * @limit none: it is only named by what it has said until then
 */
const maxHeardBytes = 16 * 1024
/**
 * Longest text of a peer that a sentence quotes, in characters.
 *
 * @limit none: the rest is left out
 */
const maxQuotedLength = 80

/**
 * Asks a peer for the page at its root and listens, be it to the answer or to what a server of another kind says
 * first. The connection is gone afterwards. Never rejects.
 */
function hear(
  socket: Socket,
  { gateway, signal, timeoutMs = hearTimeoutMs }: HearOptions,
): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = (hasEnded: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).destroy()
      resolve(read(Buffer.concat(chunks).toString('latin1'), hasEnded))
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      bytes += chunk.length
      const text = Buffer.concat(chunks).toString('latin1')
      if (bytes >= maxHeardBytes || isEnough(text)) finish(false)
    }
    const onEnd = (): void => finish(true)
    const onAbort = (): void => finish(false)
    const timer = setTimeout(() => finish(false), timeoutMs)
    // What ends it is told by 'close' as well.
    socket.on('error', () => undefined)
    socket.on('data', onData).on('end', onEnd).on('close', onEnd)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted || socket.destroyed) return finish(socket.destroyed)
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${new URL(gateway.origin).host}\r\nUser-Agent: postern/${version}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
    )
  })
}

export interface HearOptions {
  readonly gateway: GatewayAddress
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

/** Listens to whoever answers on a connection that `open` makes; silence where none can be made. Never rejects. */
export async function hearOn(open: () => Promise<Socket>, options: HearOptions): Promise<Heard> {
  try {
    return await hear(await open(), options)
  } catch {
    return { kind: 'silence' }
  }
}

/** Whether nothing that would be said is still to come. */
function isEnough(text: string): boolean {
  if (isHttp(text)) return /<\/title>/i.test(text)
  return text.includes('\n') || text.length >= maxQuotedLength
}

function isHttp(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7))
}

function read(text: string, hasEnded: boolean): Heard {
  if (text === '') return { kind: hasEnded ? 'end' : 'silence' }
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
  if (status === undefined) {
    return { kind: 'words', protocol: protocolOf(text), text: quotable(firstWords(text)) }
  }
  const [head = '', page = ''] = text.split('\r\n\r\n', 2)
  const server = /^server:(.*)$/im.exec(head)?.[1] ?? ''
  const title = /<title[^>]*>([^<]*)/i.exec(page)?.[1] ?? ''
  return { kind: 'http', status: Number(status), server: quotable(server), title: quotable(title) }
}

/** The first line; of a protocol of bytes, what can be read among its first ones, such as a version. */
function firstWords(text: string): string {
  const [line = ''] = text.split('\n')
  // oxlint-disable-next-line no-control-regex
  return /[\0-\x08]/.test(line) ? (/[\x20-\x7e]{4,}/.exec(text.slice(0, 80))?.[0] ?? '') : line
}

/** As UTF-8, on one line; empty where it is bytes rather than words. */
function quotable(latin1: string): string {
  const text = printable(Buffer.from(latin1, 'latin1').toString().replaceAll(/\s+/g, ' '))
  const words = text.replaceAll('\uFFFD', '').replaceAll('"', "'").trim()
  return words.length > maxQuotedLength ? `${words.slice(0, maxQuotedLength)}…` : words
}

/** By the first words of servers that speak first, or that say what was wrong with the request. */
const protocols: readonly (readonly [pattern: RegExp, name: string])[] = [
  // RFC 4253 §4.2
  [/^SSH-/, 'SSH'],
  // RFC 6143 §7.1.1
  [/^RFB \d/, 'VNC'],
  [/^220[ -].*\b(?:SMTP|mail)/i, 'SMTP'],
  [/^220[ -].*\bFTP/i, 'FTP'],
  [/^\* (?:OK|PREAUTH|BYE)\b/, 'IMAP'],
  [/^\+OK\b/, 'POP3'],
  [/^-(?:ERR|DENIED|NOAUTH)\b/, 'Redis'],
  // A packet's length and number, then protocol 10 or an error (MySQL's "Protocol::Handshake").
  // oxlint-disable-next-line no-control-regex
  [/^[\s\S]{2}\0\0[\x0a\xff]/, 'MySQL'],
  // An alert, or a handshake record (RFC 8446 §5.1): TLS, where none was spoken.
  // oxlint-disable-next-line no-control-regex
  [/^[\x15\x16]\x03[\0-\x04]/, 'TLS'],
]

function protocolOf(text: string): string | undefined {
  return protocols.find(([pattern]) => pattern.test(text))?.[1]
}
