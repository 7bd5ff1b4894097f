import type { RouteKey } from './route-keys.ts'

/** What JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * A route as somebody wrote it, found to be right: plain data with the keys of `route-keys.ts` and no
 * others, which `parseRoute` reads again to the same. Of its files it holds the names. It may hold a
 * private key (`tls_client_key`), so it is nothing for logs and pages.
 */
export interface RouteDefinition extends Readonly<Partial<Record<RouteKey, Json>>> {
  readonly from: string
  readonly to: string | readonly string[]
}
