import { createHash } from 'node:crypto'

/**
 * An address of this machine that belongs to `seed`, always the same one: programs remember passwords and certificates
 * by it. Linux and Windows have all of 127.0.0.0/8 (RFC 1122 section 3.2.1.3), others only 127.0.0.1.
 */
export function privateLoopback(
  seed: string,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform !== 'linux' && platform !== 'win32') return '127.0.0.1'
  const [first = 0, second = 0, third = 0] = createHash('sha256').update(seed).digest()
  // Not 127.0.x.x, where resolvers and other programs listen, nor an address that ends in 0 or 255.
  return `127.${1 + (first % 254)}.${second}.${1 + (third % 254)}`
}
