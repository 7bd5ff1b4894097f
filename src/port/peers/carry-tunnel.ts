import type { Peer } from './peer.ts'

/**
 * Serves a CONNECT on a connection, which counts as one with a tunnel until `serve` has resolved; `then` is
 * called just before it stops counting as one. Never rejects unless `serve` does.
 */
export async function carryTunnel(
  peer: Peer,
  serve: () => Promise<void>,
  then: () => void = () => undefined,
): Promise<void> {
  using _carried = peer.carryTunnel()
  await serve()
  then()
}
