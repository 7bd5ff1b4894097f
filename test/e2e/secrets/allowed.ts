import type { SecretKind } from './collected.ts'

interface Allowed {
  readonly kind: SecretKind
  /** What the name of the place is like. */
  readonly place: RegExp
  readonly why: string
}

/** Where a secret is seen all the same. `docs/security.md` leads here. */
const allowed: readonly Allowed[] = [
  {
    kind: 'user code',
    place: /^(?:stdout|stderr) of postern (?!gateway -c)|^page \S+[?&]code=/,
    why: 'a person types or compares it, and it is worth nothing without their sign-in (RFC 8628, section 5.1)',
  },
  {
    kind: 'invitation',
    place: /^stdout of postern gateway accounts (?:invite|reset) /,
    why: 'whoever asked for it passes it on',
  },
  {
    kind: 'invitation',
    place: /^page \S+\/\.postern\/invitation\?code=/,
    why: 'it is in the address of the page, to which its form is sent',
  },
  {
    kind: 'state',
    place: /^page \S+\/\.postern\/sign-in\/passkey(?:\?|$)/,
    why: 'the form sends it on, and it is worth nothing without the cookie of that browser',
  },
  ...(['state', 'nonce'] as const).map((kind) => ({
    kind,
    // What Chromium shows next is now and then told as of the page before.
    place:
      /^page \S+\/(?:\.postern\/device$|\.pomerium\/sign_in\?pomerium_redirect_uri=http%3A%2F%2F127\.0\.0\.1)/,
    why: 'the page leads to the provider, whose address has it; it is worth nothing without the cookie of that browser',
  })),
]

export function isAllowed(kind: SecretKind, place: string): boolean {
  return allowed.some((entry) => entry.kind === kind && entry.place.test(place))
}

/** By these somebody gives the program a secret themselves; where the option is seen by others, the program warns of it. */
const given = {
  variables: new Set([
    'POSTERN_SERVICE_ACCOUNT',
    'TUNNEL_CRED_CONTENTS',
    'TUNNEL_SERVICE_TOKEN_SECRET',
    'TUNNEL_TOKEN',
  ]),
  options: new Set(['--service-account', '--service-token-secret', '--token']),
}

/** What a program was given by its environment, without the variables that are there for secrets. */
export function variablesWithoutGiven(env: Readonly<Record<string, string>>): string {
  const others = Object.entries(env).filter(([name]) => !given.variables.has(name))
  return others.map((entry) => entry.join('=')).join('\0')
}

/** An argument list without the values of options that are there for secrets. */
export function argumentsWithoutGiven(args: readonly string[]): string {
  return args.filter((_word, at) => !given.options.has(args[at - 1] ?? '')).join('\0')
}
