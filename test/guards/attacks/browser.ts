import { attack } from '../guard.ts'

const crossSite = 'test/bad-input/cross-site.test.ts'
const changes = 'changes nothing here as its visitor, by whatever the gateway serves'
const cookieTest = 'src/identity/session-cookie.test.ts'

export const redirects = attack('open redirects', [
  {
    tries: 'a program’s place to return to, in 70 spellings of another site',
    file: 'identity/redirect.ts',
    right: 'return name === host || (',
    wrong: 'return host.includes(name) || (',
    test: [
      'src/identity/redirect.test.ts',
      'none of the ways in which a place is made to look like a listed host leads away from it',
    ],
  },
  {
    tries: 'a listed host by http, or by the scheme of a program',
    file: 'identity/redirect.ts',
    right:
      "if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) return false",
    wrong: '',
    test: [
      'src/identity/redirect.test.ts',
      'none of the ways in which a place is made to look like a listed host leads away from it',
    ],
  },
  {
    tries: 'a place with a name before an @',
    file: 'identity/redirect.ts',
    right: "if (url.username !== '' || url.password !== '') return false",
    wrong: '',
    test: [
      'src/identity/redirect.test.ts',
      'other hosts, schemes and tricks with them are refused',
    ],
  },
  {
    tries: 'the page after a sign-in, in the same spellings',
    file: 'pages/sign-in/own-page.ts',
    right: 'if (url === null || url.origin !== origin.origin) return undefined',
    wrong: 'if (url === null) return undefined',
    test: [
      'src/pages/sign-in/own-page.test.ts',
      'none of the ways in which a place is made to look like a page of ours leads anywhere',
    ],
  },
  {
    tries: 'an address of a sign-in that was not signed here',
    file: 'pages/sign-in/sign-in-pages.ts',
    right: 'identity.verifySignedUrl(signed)',
    wrong: '',
    test: [
      'src/gateway/run.test.ts',
      'a sign-in address that was changed or not signed goes nowhere',
    ],
  },
])

export const crossSiteRequests = attack('cross-site request forgery', [
  {
    tries: 'a form of another site at any page with a form',
    file: 'pages/sign-in/one-origin.ts',
    right:
      "if (sender === origin.origin && (site === 'none' || site === 'same-origin')) return\n  throw",
    wrong: 'if (sender !== site) return\n  throw',
    test: [crossSite, changes],
  },
  {
    tries: 'the same at the sign-out alone',
    file: 'pages/sign-in/account-pages.ts',
    right: "refuseForeign(c, origin, 'sign out on the page of this gateway')",
    wrong: '',
    test: [crossSite, changes],
  },
  {
    tries: 'the same at the page of passkeys alone',
    file: 'pages/accounts/own-passkey-pages.ts',
    right: "refuseForeign(c, origin, 'change your passkeys on the page of this gateway')",
    wrong: 'void c',
    test: [crossSite, changes],
  },
  {
    tries: 'a request of another site at any endpoint of the API',
    file: 'console/api/callers.ts',
    right:
      'if (credential === undefined && cookie !== null) refuseOtherSites(request, parts.origin)',
    wrong: '',
    test: [crossSite, changes],
  },
  {
    tries: 'a link of another site that signs in a program',
    file: 'pages/sign-in/question.ts',
    right: 'return leadsToProgram(target) && isSentByAnotherSite(c)',
    wrong: 'return false',
    test: ['src/pages/sign-in/question.test.ts', 'goes by what the browser says of who sent it'],
  },
])

export const fixation = attack('session fixation, and cookies of a sibling host', [
  {
    tries: 'a cookie of ours without its prefix, set by a sibling host',
    file: 'identity/cookies.ts',
    right: 'if (!name.startsWith(hostPrefix)) continue',
    wrong: '',
    test: [cookieTest, 'a cookie header is read whatever it holds'],
  },
  {
    tries: 'the same by a browser, from a host beside the gateway',
    file: 'identity/cookies.ts',
    right: "const hostPrefix = '__Host-'",
    wrong: "const hostPrefix = ''",
    test: ['test/e2e/sibling-host.test.ts', 'cannot make a client sign in as somebody else'],
  },
  {
    tries: 'a prefix behind a blank that only some readers drop',
    file: 'identity/cookies.ts',
    right: "return character === ' ' || character === '\\t'",
    wrong: "return character?.trim() === ''",
    test: [cookieTest, 'a cookie header is read whatever it holds'],
  },
  {
    tries: 'a second cookie of the same name (tossing)',
    file: 'identity/cookies.ts',
    right: 'for (const name of doubled) own.delete(name)',
    wrong: '',
    test: [cookieTest, 'a cookie header is read whatever it holds'],
  },
  {
    tries: 'a cookie that scripts, other sites or plain HTTP could have',
    file: 'identity/cookies.ts',
    right: 'Secure; HttpOnly; SameSite=Lax',
    wrong: 'Secure',
    test: [cookieTest, 'the cookie names the session to us and nothing to its bearer'],
  },
  {
    tries: 'a cookie that opens a tunnel',
    file: 'identity/tokens.ts',
    right: "const own = single(headers['x-pomerium-authorization'])",
    wrong:
      "const own = single(headers['x-pomerium-authorization']) ?? /__Host-postern=([^;]*)/.exec(single(headers['cookie']) ?? '')?.[1]",
    test: ['src/identity/tokens.test.ts', 'other schemes, cookies and empty values hold no token'],
  },
])
