import type { PublicJwk, SigningKeys } from '../identity/signing-keys.ts'
import type { PublishAnswerJson } from '../tunnel/publish.ts'
import { encodeTunnelToken } from '../tunnel/tunnel-credential.ts'
import type { NamedTunnel } from './named-tunnels.ts'

/** What a token is made of, besides where the gateway is. */
export interface TunnelSecrets {
  readonly tunnel: NamedTunnel
  readonly secret: Uint8Array
  /** Whose grants its connectors are to believe; the current one first. */
  readonly grantKeys: readonly PublicJwk[]
}

/** The same as it is answered. */
export type TunnelSecretsJson = PublishAnswerJson<'create'>

/** Those that a new token names. */
export async function grantKeysOf(
  signingKeys: Pick<SigningKeys, 'all'>,
): Promise<readonly PublicJwk[]> {
  return (await signingKeys.all('connector-grant'))
    .filter(({ retiredAtMs }) => retiredAtMs === undefined)
    .map(({ publicJwk }) => publicJwk)
}

/** `accountTag` names the gateway to stock connectors, which send it along: 32 hexadecimal digits. */
export function secretsToJson(
  { tunnel, secret, grantKeys }: TunnelSecrets,
  accountTag: string,
): TunnelSecretsJson {
  return {
    id: tunnel.id,
    name: tunnel.name,
    secret: Buffer.from(secret).toString('base64'),
    account_tag: accountTag,
    grant_keys: grantKeys.map(({ x = '' }) => ({ kty: 'OKP', crv: 'Ed25519', x })),
  }
}

/** All of it as one word, for `postern tunnel run --token`; `gateway` is `https://HOST[:PORT]`. */
export function tokenOf(secrets: TunnelSecretsJson, gateway: string): string {
  return encodeTunnelToken({
    accountTag: secrets.account_tag,
    tunnelId: secrets.id,
    secret: Buffer.from(secrets.secret, 'base64'),
    gateway,
    grantKeys: secrets.grant_keys,
  })
}
