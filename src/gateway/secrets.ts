import type { TokenSecrets } from '../store/token-cipher.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { StateDirectory } from '../store/state-directory.ts'

/** What the gateway's own keys are derived from: at least 32 bytes each. */
export interface Secrets {
  readonly sharedSecret: Buffer
  readonly cookieSecret: Buffer
  /** What was made by these is good as long as they stand here; nothing is made by them. */
  readonly formerSharedSecrets: readonly Buffer[]
  readonly formerCookieSecrets: readonly Buffer[]
}

/** What encrypts stored tokens: the first; the others read those of before. */
export function tokenSecretsOf(
  { tokenEncryptionKeys }: GatewayConfig,
  { sharedSecret, formerSharedSecrets }: Pick<Secrets, 'sharedSecret' | 'formerSharedSecrets'>,
): TokenSecrets {
  const asShared = (bytes: Buffer) => ({ setting: 'shared_secret', bytes }) as const
  const shared = asShared(sharedSecret)
  const former = formerSharedSecrets.map(asShared)
  const [first, ...others] = tokenEncryptionKeys.map((bytes) => {
    return { setting: 'token_encryption_key', bytes } as const
  })
  return first === undefined ? [shared, ...former] : [first, ...others, shared, ...former]
}

/** Those of the configuration, else keys made once and kept in the state directory. */
export async function secretsOf(config: GatewayConfig, state: StateDirectory): Promise<Secrets> {
  const of = async (
    name: 'shared_secret' | 'cookie_secret',
    given: readonly Buffer[],
  ): Promise<readonly [Buffer, readonly Buffer[]]> => {
    const [first, ...former] = given
    if (first !== undefined) return [first, former]
    const [own, ...formerOwn] = await state.keys(name)
    return [own, formerOwn]
  }
  const [sharedSecret, formerSharedSecrets] = await of('shared_secret', config.sharedSecrets)
  const [cookieSecret, formerCookieSecrets] = await of('cookie_secret', config.cookieSecrets)
  return { sharedSecret, formerSharedSecrets, cookieSecret, formerCookieSecrets }
}
