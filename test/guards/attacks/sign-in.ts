import { attack } from '../guard.ts'

const signInTest = 'src/identity/sign-in.test.ts'

export const replay = attack('state and nonce replay', [
  {
    tries: 'the callback of a sign-in that was begun in another browser',
    file: 'identity/pending-flow.ts',
    right: 'if (!marks.has(mark, cookieHeader)) throw notThisBrowser(target)',
    wrong: '',
    test: [signInTest, 'a callback in another browser is refused, and stores nothing'],
  },
  {
    tries: 'a callback that comes a second time',
    file: 'identity/pending-flow.ts',
    right: 'if (used.has(id)) throw usedAlready()\n  // In order',
    wrong: '// In order',
    test: [signInTest, 'a callback counts once, also when it comes twice at the same time'],
  },
  {
    tries: 'a state that is older than a sign-in may last',
    file: 'identity/pending-flow.ts',
    right: 'if (expiresAtMs <= clock.now()) {',
    wrong: 'if (expiresAtMs === 0) {',
    test: [signInTest, 'a sign-in that takes longer than ten minutes has to be begun again'],
  },
  {
    tries: 'an id token that was made for another sign-in (nonce)',
    file: 'identity/provider.ts',
    right: 'expectedNonce: nonce,',
    wrong: "expectedNonce: nonce === '' ? nonce : 'somebody-elses',",
    test: [signInTest, 'an id token with another nonce is refused'],
  },
  {
    tries: 'a logout token that comes again',
    file: 'identity/provider-logouts.ts',
    right: 'if (ended === undefined) throw used()',
    wrong: 'if (ended === undefined) return 0',
    test: [
      'src/identity/provider-logouts.test.ts',
      'a token ends its sessions, each with an entry, and does so once',
    ],
  },
  {
    tries: 'what a passkey has signed, sent again',
    file: 'identity/passkey-sign-in.ts',
    right: "if (used !== 'used') throw",
    wrong: "if (used !== 'used' && used !== 'replayed') throw",
    test: [
      'src/identity/passkey-sign-in.test.ts',
      'is good once, whoever sends what was signed again',
    ],
  },
  {
    tries: 'a request of the desktop window, sent again',
    file: 'desktop/window/request-proof.ts',
    right: "if (found !== 'new') throw wrong",
    wrong: '',
    test: [
      'test/desktop/window-server.test.ts',
      'is worth nothing twice, for anything else, or later',
    ],
  },
  {
    tries: 'the grant of a stream, used a second time at a connector',
    file: 'tunnel/used-once.ts',
    right: 'if (untilMsOf.has(name)) return false',
    wrong: '',
    test: [
      'src/tunnel/verify-grant.test.ts',
      'is used once, by whichever of two comes first, and for as long as it could be used',
    ],
  },
])

export const mixUp = attack('mix-up of providers', [
  {
    tries: 'the code of one provider at the callback of another',
    file: 'identity/pending-flow.ts',
    right: 'if (provider !== answering) throw anotherProvider(target)',
    wrong: '',
    test: [
      'src/identity/providers.test.ts',
      'a code of one provider that comes back for a sign-in with another is sent to nobody',
    ],
  },
  {
    tries: 'an answer that names another issuer, or none (RFC 9207)',
    file: 'identity/sign-in.ts',
    right: 'callback.search = search',
    wrong: "callback.search = search; callback.searchParams.set('iss', provider.issuer)",
    test: [
      signInTest,
      'an answer in the name of another provider, or of none, is refused before its code is sent to any',
    ],
  },
  {
    tries: 'a session of another issuer, which has the name of one there is',
    file: 'identity/providers.ts',
    right:
      'const isTheirs = provider?.issuer === issuer && ids.subjectOf(id, userId) !== undefined',
    wrong: 'const isTheirs = provider !== undefined',
    test: [
      'src/identity/providers.test.ts',
      'a session of a provider that is configured no more, or of another issuer, is nobody',
    ],
  },
])

export const codeInjection = attack('code injection', [
  {
    tries: 'a code that was asked for by another sign-in (PKCE)',
    file: 'identity/provider.ts',
    right: "code_challenge_method: 'S256',",
    wrong: '',
    test: [
      signInTest,
      'the request to the provider carries a state, a nonce and an S256 challenge',
    ],
  },
  {
    tries: 'the one-time code of another program, without its verifier',
    file: 'identity/codes.ts',
    right: 'if (!isRight) return undefined',
    wrong: '',
    test: ['src/identity/codes.test.ts', 'a wrong verifier spends the code'],
  },
  {
    tries: 'a one-time code that was used before',
    file: 'identity/codes.ts',
    right: 'await store.take(sha256(code), clock.now())',
    wrong:
      'await store.take(sha256(code), clock.now()).then(async (it) => (it && (await store.add(it)), it))',
    test: ['src/identity/codes.test.ts', 'a code and its verifier give the session, once'],
  },
  {
    tries: 'the callback of another person, for a machine that somebody has approved',
    file: 'identity/sign-in.ts',
    right: 'if (device !== undefined && device.userId !== userId) throw anotherPerson(flow)',
    wrong: '',
    test: [
      'src/identity/device-sign-in.test.ts',
      'whoever comes back instead of the approver gets no session, and neither does the machine',
    ],
  },
])
