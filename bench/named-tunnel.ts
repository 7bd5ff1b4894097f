import { readFileSync } from 'node:fs'

import { systemClock } from '../src/clock.ts'
import { deriveKeys } from '../src/identity/keys.ts'
import { createSigningKeys } from '../src/identity/signing-keys.ts'
import { silentLogger } from '../src/log.ts'
import { openNamedTunnels } from '../src/publish/tunnel-register.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { openStateDirectory } from '../src/store/state-directory.ts'
import { encodeTunnelToken } from '../src/tunnel/tunnel-credential.ts'

/** The named tunnel that routes of the benchmark lead to. */
export const tunnelName = 'bench'

export interface NewTunnelOptions {
  /** **Default:** the benchmark's */
  readonly name?: string
  /** Where the gateway that is about to start keeps its state. */
  readonly stateDirectory: string
  /** Where that gateway is, as connectors reach it. */
  readonly gatewayHost?: string
  readonly gatewayPort: number
  /** PEM file of what that gateway's certificate is from. */
  readonly caFile: string
}

/**
 * Makes a named tunnel in the state of a gateway that does not run yet, and answers its token: as people do
 * it, it takes a browser and somebody who signs in.
 */
export async function createNamedTunnel({
  name = tunnelName,
  stateDirectory,
  gatewayHost = 'localhost',
  gatewayPort,
  caFile,
}: NewTunnelOptions): Promise<string> {
  await using opened = new AsyncDisposableStack()
  const state = opened.adopt(await openStateDirectory(stateDirectory), (it) => it.release())
  const [sharedSecret] = await state.keys('shared_secret')
  const store = opened.adopt(
    await openSqliteStore(state.storePath, [{ setting: 'shared_secret', bytes: sharedSecret }]),
    (it) => it.close(),
  )
  const tunnels = await openNamedTunnels({
    store,
    key: deriveKeys(sharedSecret, (await state.keys('cookie_secret'))[0]).namedTunnel,
    clock: systemClock,
    log: silentLogger,
    sites: () => [],
    ownerOf: () => undefined,
    isMeantElsewhere: () => false,
  })
  const { id } = await tunnels.create({
    name,
    site: 'example.com',
    createdBy: 'bench',
    userId: 'bench',
  })
  const grantKeys = await createSigningKeys(store, systemClock).all('connector-grant')
  return encodeTunnelToken({
    accountTag: '',
    tunnelId: id,
    secret: Buffer.from(tunnels.secretOf(id)),
    gateway: `https://${gatewayHost}:${gatewayPort}`,
    grantKeys: grantKeys.map(({ publicJwk: { x = '' } }) => ({ kty: 'OKP', crv: 'Ed25519', x })),
    ca: readFileSync(caFile, 'utf8'),
  })
}
