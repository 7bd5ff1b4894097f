import { attack } from '../guard.ts'

const tokenTest = 'src/identity/tokens.test.ts'
const grantTest = 'src/tunnel/verify-grant.test.ts'
const logoutTest = 'src/identity/logout-token.test.ts'

export const algorithms = attack('algorithm confusion', [
  {
    tries: 'a session’s token by another algorithm',
    file: 'identity/tokens.ts',
    right: "algorithms: ['HS256'],",
    wrong: '',
    test: [tokenTest, 'HS512 with the right key is refused, too: the algorithm is pinned'],
  },
  {
    tries: 'an id token that the provider has not signed',
    file: 'identity/provider.ts',
    right: "await verifySignature(answer.id_token ?? '')",
    wrong: '',
    test: [
      'src/identity/sign-in.test.ts',
      'an id token signed by a key that the provider does not publish is refused',
    ],
  },
  {
    tries: 'a logout token with its own key in its head (jwk)',
    file: 'identity/logout-token.ts',
    right: 'await jwtVerify(token, keys, {',
    wrong: 'await jwtVerify(token, async (header, it) => header.jwk ?? (await keys(header, it)), {',
    test: [logoutTest, 'a token is refused with a key that it brings along'],
  },
  {
    tries: 'an id token where a logout token belongs',
    file: 'identity/logout-token.ts',
    right: "if (nonce !== undefined) throw invalid('it has a nonce')",
    wrong: '',
    test: [logoutTest, 'a token is refused with a nonce'],
  },
  {
    tries: 'a token of another type where a logout token belongs',
    file: 'identity/logout-token.ts',
    right: "if (!types.includes(typ?.toLowerCase())) throw invalid('its type is another one')",
    wrong: '',
    test: [logoutTest, 'a token is refused with the type of another token'],
  },
  {
    tries: 'the token of an application under the name of another key (kid)',
    file: 'identity/application-tokens.ts',
    right: 'const key = known.find((each) => each.kid === kid)',
    wrong: 'const key = known[0]',
    test: ['src/identity/application-tokens.test.ts', 'under the name of another key is none'],
  },
  {
    tries: 'a grant by another algorithm',
    file: 'tunnel/verify-grant.ts',
    right: "algorithms: ['EdDSA'],",
    wrong: '',
    test: [grantTest, 'by another algorithm is refused'],
  },
  {
    tries: 'a statement about a key where a grant belongs (typ)',
    file: 'tunnel/verify-grant.ts',
    right: 'typ: grantType,',
    wrong: '',
    test: [grantTest, 'that is a word for a key is refused'],
  },
])

export const otherGateways = attack('tokens of another gateway', [
  {
    tries: 'a session’s token of a gateway with the same secret',
    file: 'identity/tokens.ts',
    right: 'issuer: host,\n        audience: host,',
    wrong: '',
    test: [tokenTest, 'a token of another key, algorithm, type, issuer or audience is nobody'],
  },
  {
    tries: 'the token of one application at another',
    file: 'identity/application-tokens.ts',
    right:
      'audience: [audienceKey, ...formerAudienceKeys].map((key) => audienceOf(hostname, key)),',
    wrong: '',
    test: [
      'src/identity/application-tokens.test.ts',
      'is worth nothing at another application, after its end, and when anything was changed',
    ],
  },
  {
    tries: 'a logout token that is for another client of the provider',
    file: 'identity/logout-token.ts',
    right: 'audience: provider.clientId,',
    wrong: '',
    test: [logoutTest, 'a token is refused with another audience'],
  },
  {
    tries: 'a grant for another tunnel or connector',
    file: 'tunnel/verify-grant.ts',
    right: 'if (!claims.aud.includes(name)) throw bad(`it is not for "${name}"`)',
    wrong: '',
    test: [grantTest, 'for another tunnel is refused'],
  },
  {
    tries: 'a token that a client has for another gateway',
    file: 'client/sign-in/token-cache.ts',
    right: "const key = `${origin}|${isVerified ? 'verified' : 'unverified'}`",
    wrong: "const key = 'all'",
    test: [
      'src/client/sign-in/token-cache.test.ts',
      'a token is found by another process with the same gateway, and by no other gateway',
    ],
  },
])
