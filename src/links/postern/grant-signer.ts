import type { JWK } from 'jose'
import type { Clock } from '../../clock.ts'
import { UpstreamError } from '../../errors.ts'
import type { FromGateway } from '../../tunnel/connector/protocol.ts'
import type { GrantClaims } from '../../tunnel/grant.ts'
import { signGrant, signGrantKey, type GrantKey } from '../../tunnel/sign-grant.ts'

/** A key pair that grants are signed with. */
export interface GatewayGrantKey extends GrantKey {
  readonly publicJwk: JWK
}

/** The keys of this gateway, the current one first, then those before it. */
export type GrantKeySource = () => Promise<readonly GatewayGrantKey[]>

export interface GrantSignerParts {
  readonly keys: GrantKeySource
  /** The keys that the connector trusts already, by their thumbprints. */
  readonly trusted: readonly string[]
  readonly clock: Clock
  tell(message: FromGateway): void
}

/** Signs grants for one connection of a connector, with a key that it trusts. */
export interface GrantSigner {
  /** Whether the connector trusts a key of this gateway's. */
  isTrusted(): Promise<boolean>
  /** Vouches for the current key where the connector does not know it yet. */
  introduce(): Promise<void>
  /** Throws `UpstreamError` `connector-bad-grant` when it trusts none. */
  sign(claims: GrantClaims): Promise<string>
}

/**
 * A connector says nothing when it has learnt a key: until then the key before it is used, which it goes on
 * trusting. In milliseconds.
 */
const learnMs = 10_000

export function createGrantSigner({ keys, trusted, clock, tell }: GrantSignerParts): GrantSigner {
  /** From when on each key is trusted there. */
  const trustedFromMs = new Map(trusted.map((kid) => [kid, 0]))

  const usable = (all: readonly GatewayGrantKey[]): GatewayGrantKey | undefined =>
    all.find(({ kid }) => (trustedFromMs.get(kid) ?? Infinity) <= clock.now())

  async function introduce(): Promise<void> {
    const all = await keys()
    const [current] = all
    const voucher = usable(all)
    if (current === undefined || voucher === undefined || trustedFromMs.has(current.kid)) return
    // Before the wait: others who open a stream meanwhile need not say it again.
    trustedFromMs.set(current.kid, clock.now() + learnMs)
    const issuedAtS = Math.floor(clock.now() / 1000)
    tell({ type: 'grant-key', signed: await signGrantKey(current.publicJwk, issuedAtS, voucher) })
  }

  return {
    isTrusted: async () => usable(await keys()) !== undefined,
    introduce,
    async sign(claims) {
      await introduce()
      const key = usable(await keys())
      if (key === undefined) throw untrusted()
      return signGrant(claims, key)
    },
  }
}

function untrusted(): UpstreamError {
  const message = 'the connector trusts no grant key of this gateway'
  return new UpstreamError('connector-bad-grant', message)
}
