import { AccessError } from '../errors.ts'

/** What a sign-in cannot do without; the library misses each only once it is used. */
const needed = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

/**
 * Checks the addresses of a discovery document (OpenID Connect Discovery §3). Throws `AccessError`
 * `provider-invalid`: so it is not said to be out of reach, and is asked for again at the next sign-in.
 */
export function checkMetadata(metadata: Readonly<Record<string, unknown>>): void {
  const given = metadata['userinfo_endpoint'] === undefined ? [] : ['userinfo_endpoint']
  for (const name of [...needed, ...given]) {
    const value = metadata[name]
    const url = typeof value === 'string' ? URL.parse(value) : null
    if (url?.protocol === 'https:' || url?.protocol === 'http:') continue
    const fault = value === undefined ? 'has no' : 'has no web address in its'
    throw new AccessError(
      'provider-invalid',
      `the discovery document of the sign-in service ${fault} "${name}"`,
      { hint: 'whoever runs this gateway should look at it: /.well-known/openid-configuration' },
    )
  }
}

/** A list of the document; undefined where there is none, or something else in its place. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}
