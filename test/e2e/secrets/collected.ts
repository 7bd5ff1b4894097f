/** What a secret is for. A fault names it, since it must not show the secret itself. */
export type SecretKind =
  | 'authorization'
  | 'client secret'
  | 'code'
  | 'connector credential'
  | 'cookie'
  | 'gateway key'
  | 'invitation'
  | 'nonce'
  | 'private key'
  | 'provider token'
  | 'service account credential'
  | 'session token'
  | 'state'
  | 'user code'

export interface Secret {
  readonly kind: SecretKind
  readonly bytes: Buffer
}

/** The secrets that one test has met, each once. */
export interface Collected {
  /** Throws `RangeError` for one that is so short that other text has it by chance. */
  add(kind: SecretKind, secret: string | Uint8Array): void
  all(): readonly Secret[]
  has(kind: SecretKind): boolean
}

/** Shortest secret that is looked for, in bytes: of 64 MiB of random bytes fewer than 1 in 10^11 have it. */
export const minSecretBytes = 8

export function createCollected(): Collected {
  const secrets = new Map<string, Secret>()
  return {
    add(kind, secret) {
      const bytes = Buffer.from(typeof secret === 'string' ? provingPartOf(secret) : secret)
      if (bytes.length < minSecretBytes)
        throw new RangeError(
          `a ${kind} of ${bytes.length} bytes is found by chance: make it longer`,
        )
      const key = bytes.toString('latin1')
      if (!secrets.has(key)) secrets.set(key, { kind, bytes })
    },
    all: () => [...secrets.values()],
    has: (kind) => [...secrets.values()].some((secret) => secret.kind === kind),
  }
}

/**
 * Of a JSON Web Token the last part, its signature or tag (RFC 7515, 7516): what stands before it says who somebody is, which
 * logs may, and proves nothing.
 */
function provingPartOf(text: string): string {
  return /^eyJ[\w-]*(?:\.[\w-]*){1,3}\.([\w-]{16,})$/.exec(text)?.[1] ?? text
}
