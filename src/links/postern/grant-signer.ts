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

/** The keys of this gateway, the current one first, then those before it that were not forgotten. */
export type GrantKeySource = () => Promise<readonly GatewayGrantKey[]>

export interface GrantSignerParts {
  readonly keys: GrantKeySource
  /** The keys that the connector trusts already, by their thumbprints. */
  readonly trusted: readonly string[]
  /** Whom statements about keys are for, as grants are. */
  readonly audience: readonly string[]
  readonly clock: Clock
  tell(message: FromGateway): void
}

/** Signs grants for one connection of a connector, with a key that it trusts. */
export interface GrantSigner {
  /** The keys that the connector says it trusts, by their thumbprints. */
  readonly trusted: readonly string[]
  /** Whether the connector trusts a key of this gateway's. */
  isTrusted(): Promise<boolean>
  /**
   * Vouches for the current key where the connector does not know it yet, and has it forget keys that are none
   * of this gateway's. Resolves to whether it trusts just what it is to: at once where there is nothing to
   * say, otherwise once it has said so, or has not in time.
   */
  introduce(): Promise<boolean>
  /** The connector has said which keys it trusts from now on. */
  heard(trusted: readonly string[]): void
  /** Throws `UpstreamError` `connector-bad-grant` when it trusts none. */
  sign(claims: GrantClaims): Promise<string>
}

/**
 * In milliseconds: short enough that a command which waits for it twice has its answer. Until then, and after,
 * grants are signed with a key that it trusts.
 *
 * @limit time for a connector to say that it trusts a new grant key: it is told again with its next stream
 */
const answerTimeoutMs = 3_000
/** @limit none: statements about keys in a row that a connector answers with other keys than they say */
const maxAttempts = 3
/** @limit grant keys that are not forgotten, of which a connector is told: it forgets older ones */
const maxKeysTold = 64

export function createGrantSigner(parts: GrantSignerParts): GrantSigner {
  const { keys, audience, clock, tell } = parts
  let trusted: ReadonlySet<string> = new Set(parts.trusted)
  /** What was said and not answered: others who open a stream meanwhile need not say it again. */
  let under: Promise<boolean> | undefined
  let answered: (() => void) | undefined

  const usable = (all: readonly GatewayGrantKey[]): GatewayGrantKey | undefined =>
    all.find(({ kid }) => trusted.has(kid))

  /** Every key that it trusts is one of ours, and the current one is among them. */
  const isRight = (all: readonly GatewayGrantKey[]): boolean => {
    const ours = new Set(all.map(({ kid }) => kid))
    return trusted.has(all[0]?.kid ?? '') && [...trusted].every((kid) => ours.has(kid))
  }

  async function say(attemptsLeft: number): Promise<boolean> {
    const all = await keys()
    const [current] = all
    const voucher = usable(all)
    if (isRight(all)) return true
    if (current === undefined || voucher === undefined || attemptsLeft === 0) return false
    const issuedAtS = Math.floor(clock.now() / 1000)
    const kept = all.slice(0, maxKeysTold).map(({ kid }) => kid)
    const statement = { audience, issuedAtS, keys: kept }
    const signed = await signGrantKey(current.publicJwk, statement, voucher)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    answered = () => resolve(true)
    using _ = clock.schedule(answerTimeoutMs, () => resolve(false))
    tell({ type: 'grant-key', signed })
    // Another key may have become the current one meanwhile.
    return (await promise) && say(attemptsLeft - 1)
  }

  function introduce(): Promise<boolean> {
    under ??= say(maxAttempts).finally(() => (under = undefined))
    return under
  }

  return {
    get trusted() {
      return [...trusted]
    },
    isTrusted: async () => usable(await keys()) !== undefined,
    introduce,
    heard(next) {
      trusted = new Set(next)
      answered?.()
    },
    async sign(claims) {
      void introduce().catch(() => undefined)
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
