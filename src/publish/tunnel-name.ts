import { invalidTunnelName } from './tunnel-faults.ts'

const shape = /^[a-z0-9][a-z0-9._-]{0,63}$/i
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * Throws `PeerError` `invalid-tunnel-name`. A name stands in a URL (`connector://NAME`) and on terminals; one
 * that looks like an id could be taken for another tunnel's.
 */
export function checkTunnelName(name: string): void {
  if (!shape.test(name) || uuid.test(name)) throw invalidTunnelName(name)
}
