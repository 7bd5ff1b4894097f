import type { TokenSecrets } from '../store/token-cipher.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { StateDirectory } from '../store/state-directory.ts'

/** What the gateway's own keys are derived from: at least 32 bytes each. */
export interface Secrets {
  readonly sharedSecret: Buffer
  readonly cookieSecret: Buffer
}

/** What encrypts stored tokens: the first; the others read those of before. */
export function tokenSecretsOf(
  { tokenEncryptionKeys }: GatewayConfig,
  { sharedSecret }: Pick<Secrets, 'sharedSecret'>,
): TokenSecrets {
  const shared = { setting: 'shared_secret', bytes: sharedSecret } as const
  const [first, ...others] = tokenEncryptionKeys.map((bytes) => {
    return { setting: 'token_encryption_key', bytes } as const
  })
  return first === undefined ? [shared] : [first, ...others, shared]
}

/** Those of the configuration, else keys made once and kept in the state directory. */
export async function secretsOf(config: GatewayConfig, state: StateDirectory): Promise<Secrets> {
  return {
    sharedSecret: config.sharedSecret ?? (await state.key('shared_secret')),
    cookieSecret: config.cookieSecret ?? (await state.key('cookie_secret')),
  }
}
