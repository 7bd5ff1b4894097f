import type { Peer } from './peer.ts'

/**
 * Serves a CONNECT on a connection, which counts as one with a tunnel until `serve` has resolved;
 * `then` is called just before it does not any more. Never rejects, when `serve` does not.
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
