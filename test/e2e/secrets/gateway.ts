import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Child } from '../child.ts'
import type { Scope } from '../scope.ts'
import type { SecretKind } from './collected.ts'
import type { SecretWatch } from './watch.ts'

/** Longest wait for the metrics of a gateway, in milliseconds. */
const maxWaitMs = 30_000

/** Searches, before a gateway is ended, the metrics that it has then; none of one that is stopped, which answers nobody. */
export function watchMetrics(
  scope: Scope,
  child: Child,
  address: string,
  limitMs = maxWaitMs,
): void {
  const isSilent = (): boolean => child.hasEnded() || isStopped(child.pid)
  scope.defer(async () => {
    if (isSilent()) return
    try {
      const asked = get(`http://${address}/metrics`, { signal: AbortSignal.timeout(limitMs) })
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      const metrics = await text(response)
      scope.secrets.place('metrics of the gateway', () => metrics)
    } catch (error) {
      // A signal may take effect only after it was asked.
      if (!isSilent()) throw error
    }
  })
}

/** By SIGSTOP; where there is no /proc, none is known to be. */
function isStopped(pid: number): boolean {
  try {
    return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** What a provider of the test's gives out. */
export function issuedTo(watch: SecretWatch): (issued: object) => void {
  return (issued) => {
    for (const [name, value] of Object.entries(issued) as [string, unknown][]) {
      const kind = kinds.get(name)
      if (kind !== undefined && typeof value === 'string') watch.add(kind, value)
    }
  }
}

const kinds: ReadonlyMap<string, SecretKind> = new Map([
  ['code', 'code'],
  ['access_token', 'provider token'],
  ['refresh_token', 'provider token'],
  ['id_token', 'provider token'],
])
