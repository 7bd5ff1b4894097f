import { PeerError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import type { OfferedService } from '../../tunnel/connector/protocol.ts'
import { writeIngress } from './ingress.ts'
import type { ConnectorSession } from './session.ts'
import { configurationHeaders, type AnswerHeaders } from './stream-wire.ts'

/** @limit bytes of a stock connector's answer to new rules: it counts as refused */
const maxAnswerBytes = 16 * 1024

/** Versions count seconds from here: they are 32 bits wide, and older ones than its own a connector ignores. */
const firstVersionMs = Date.UTC(2026, 0, 1)

/** The version of rules that are pushed at this time. */
export function versionAt(nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - firstVersionMs) / 1000))
}

/**
 * Gives a connector its rules, which it takes over without cutting a stream.
 *
 * @throws PeerError when it does not take them
 */
export async function pushRules(
  session: ConnectorSession,
  services: readonly OfferedService[],
  { version, signal }: { readonly version: number; readonly signal: AbortSignal },
): Promise<void> {
  const stream = session.request(configurationHeaders)
  const giveUp = (): void => void stream.destroy(new Error('the connector does not answer'))
  signal.addEventListener('abort', giveUp)
  try {
    const answered = new Promise<AnswerHeaders>((resolve, reject) => {
      stream.once('response', resolve).once('error', reject)
      stream.once('close', () => reject(new Error('the connector has reset the stream')))
    })
    stream.end(JSON.stringify({ version, config: writeIngress(services) }))
    const { ':status': status } = await answered
    const { err } = parse(await readAll(stream))
    if (status !== 200) throw refused(`it answers ${status}`)
    if (err) throw refused(typeof err === 'string' ? err : JSON.stringify(err))
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw refused('its answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): { readonly err?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    throw refused('its answer is no JSON')
  }
}

function refused(why: string): PeerError {
  return new PeerError('rules-refused', `the connector does not take its rules: ${printable(why)}`)
}
