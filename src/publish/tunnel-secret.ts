import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * The secret of a named tunnel: 32 bytes, an HMAC of its id and generation, so that it can be told again at any
 * time and stands nowhere. Another generation is another secret.
 */
export function deriveTunnelSecret(key: Uint8Array, tunnelId: string, generation: number): Buffer {
  return createHmac('sha256', key).update(`${tunnelId}:${generation}`).digest()
}

/** In constant time. */
export function isTunnelSecret(expected: Uint8Array, given: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}
