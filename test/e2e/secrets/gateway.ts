import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Child } from '../child.ts'
import type { Scope } from '../scope.ts'
import type { SecretKind } from './collected.ts'
import type { SecretWatch } from './watch.ts'

/** Searches, before a gateway is ended, the metrics that it has then. */
export function watchMetrics(scope: Scope, child: Child, address: string): void {
  scope.defer(async () => {
    if (child.hasEnded()) return
    const [response] = (await once(get(`http://${address}/metrics`), 'response')) as [
      IncomingMessage,
    ]
    const metrics = await text(response)
    scope.secrets.place('metrics of the gateway', () => metrics)
  })
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
