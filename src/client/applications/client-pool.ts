import type { GatewayClient } from '../gateway-client.ts'
import { clientKey, type Forwarder } from './forwarder.ts'

/** A client while somebody uses it. */
export interface SharedClient {
  readonly client: GatewayClient
  /** Ends the client when nobody else uses it. */
  release(): Promise<void>
}

/** Clients by gateway and who asks: forwarders that share one share its sign-in and its connections. */
export interface ClientPool {
  take(forwarder: Forwarder): SharedClient
  /** Ends them all, with their tunnels. */
  destroy(): Promise<void>
}

export function shareClients(makeClient: (forwarder: Forwarder) => GatewayClient): ClientPool {
  const entries = new Map<string, { readonly client: GatewayClient; users: number }>()
  return {
    take(forwarder) {
      const key = clientKey(forwarder)
      const entry = entries.get(key) ?? { client: makeClient(forwarder), users: 0 }
      entries.set(key, entry)
      entry.users += 1
      return {
        client: entry.client,
        async release() {
          entry.users -= 1
          if (entry.users > 0) return
          entries.delete(key)
          await entry.client.destroy()
        },
      }
    },
    async destroy() {
      await Promise.all([...entries.values()].map(({ client }) => client.destroy()))
    },
  }
}
