import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Clock } from '../../../src/clock.ts'
import { claimNames } from '../../../src/identity/identity.fixture.ts'
import type { NamedProviderOptions } from '../../../src/identity/providers.ts'
import type { SignedIn } from '../../../src/identity/signed-in.ts'
import { refreshMs } from './limits.ts'

/** What a provider knows of a person, as it would tell it now. */
export interface ProviderPerson {
  readonly userId: string
  readonly email: string
  groups: readonly string[]
  team: string
  /** Whether it says that the address is theirs. */
  isVerified: boolean
  /** Whether it no longer stands by them. */
  isRefused: boolean
}

/** What it said of the person of one sign-in when it was asked last. */
export interface Said {
  readonly groups: readonly string[]
  readonly team: string
  readonly isVerified: boolean
  readonly atMs: number
  readonly isRefused: boolean
}

/** How the gateway last tried to ask it about one sign-in. */
export interface Tried {
  readonly atMs: number
  /** Tries since it last answered. */
  readonly failures: number
}

/** A provider in this process, which answers by `fetch`. */
export interface FakeProvider {
  readonly options: NamedProviderOptions
  /** Somebody comes back from it. */
  signIn(person: ProviderPerson): { readonly signIn: string; readonly signedIn: SignedIn }
  said(signIn: string): Said
  tried(signIn: string): Tried
  /** Whether it answers 503 where it is asked about people. */
  isDown: boolean
  /** Whether somebody asks for a tunnel, because of whom it may be asked at any time. */
  isQuestioned: boolean
  /** Tries that came sooner after one that failed than they may. */
  readonly hasty: readonly string[]
  /** Signed, as it is sent when somebody signs out there: everywhere, or of one sign-in. */
  logoutToken(person: ProviderPerson, signIn?: string): Promise<string>
  /** Questions that wait for its answer. */
  readonly asked: number
  /** Called before each answer of userinfo and of the token endpoint. **Default:** nobody waits */
  hold: () => Promise<void>
}

const issuer = 'https://login.example.com'
const keyId = 'model'
const keys = await generateKeyPair('ES256')
const publicKey = { ...(await exportJWK(keys.publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }

/** The one that the process's `fetch` leads to now. */
let current: { answer(url: URL, body: string, token: string): Promise<Response> } | undefined

const ownFetch = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  if (url.origin !== issuer || current === undefined) return ownFetch(input, init)
  const headers = new Headers(init?.headers)
  const body = init?.body
  const text =
    body instanceof URLSearchParams ? body.toString() : typeof body === 'string' ? body : ''
  return current.answer(url, text, headers.get('authorization')?.replace('Bearer ', '') ?? '')
}

/** Makes one; the last one made is who answers. */
export function createFakeProvider(clock: Clock): FakeProvider {
  const people = new Map<string, ProviderPerson>()
  const said = new Map<string, Said>()
  const tried = new Map<string, Tried>()
  const hasty: string[] = []
  let signIns = 0
  let tokens = 0
  let asked = 0
  const wordOf = (signIn: string): Said => {
    const person = personOf(signIn)
    const { groups, team, isVerified, isRefused } = person
    return { groups, team, isVerified, isRefused, atMs: clock.now() }
  }
  function personOf(signIn: string): ProviderPerson {
    const person = people.get(signIn)
    if (person === undefined) throw new Error(`the provider knows no sign-in "${signIn}"`)
    return person
  }

  /** Somebody is asked about: too soon after a try that failed, unless somebody waits for it. */
  function note(signIn: string): void {
    const { atMs, failures } = tried.get(signIn) ?? { atMs: 0, failures: 0 }
    const nowMs = clock.now()
    if (!provider.isQuestioned && nowMs - atMs < waitAfter(failures))
      hasty.push(`${signIn} after ${nowMs - atMs} ms and ${failures} failures`)
    tried.set(signIn, { atMs: nowMs, failures: provider.isDown ? failures + 1 : 0 })
  }

  function answerNow({ pathname }: URL, body: string, token: string): Response {
    if (pathname === '/.well-known/openid-configuration') return json(discovery)
    if (pathname === '/keys') return json({ keys: [publicKey] })
    if (pathname === '/token') {
      const signIn = new URLSearchParams(body).get('refresh_token') ?? ''
      note(signIn)
      if (provider.isDown) return new Response('out of order', { status: 503 })
      if (personOf(signIn).isRefused) {
        said.set(signIn, wordOf(signIn))
        return json({ error: 'invalid_grant' }, 400)
      }
      tokens += 1
      return json({ access_token: `${signIn}.${tokens}`, token_type: 'bearer' })
    }
    const signIn = token.split('.')[0] ?? ''
    if (provider.isDown) return new Response('out of order', { status: 503 })
    said.set(signIn, { ...wordOf(signIn), isRefused: false })
    return json(claimsOf(personOf(signIn)))
  }

  const provider: FakeProvider = {
    options: {
      id: 'default',
      name: 'Model',
      keyPrefix: 'idp_',
      url: new URL(issuer),
      clientId: 'model',
      clientSecret: 'secret',
      scopes: ['openid'],
      ...claimNames,
    },
    signIn(person) {
      const signIn = `s${(signIns += 1)}`
      const { userId } = person
      people.set(signIn, person)
      said.set(signIn, wordOf(signIn))
      const iat = Math.floor(clock.now() / 1000)
      return {
        signIn,
        signedIn: {
          userId,
          provider: 'default',
          issuer,
          tokens: {
            accessToken: `${signIn}.0`,
            accessTokenLifeMs: undefined,
            refreshToken: signIn,
            idToken: unsigned({ iss: issuer, sub: userId, sid: signIn, iat }),
          },
          claims: claimsOf(person),
        },
      }
    },
    isDown: false,
    isQuestioned: false,
    hasty,
    tried: (signIn) => tried.get(signIn) ?? { atMs: 0, failures: 0 },
    said(signIn) {
      const word = said.get(signIn)
      if (word === undefined) throw new Error(`the provider has said nothing of "${signIn}"`)
      return word
    },
    logoutToken: ({ userId }, sid) =>
      new SignJWT({
        sub: userId,
        ...(sid !== undefined && { sid }),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      })
        .setProtectedHeader({ alg: 'ES256', kid: keyId, typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience('model')
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(clock.now() / 1000) + 120)
        .setJti(`logout-${(tokens += 1)}`)
        .sign(keys.privateKey),
    get asked() {
      return asked
    },
    hold: () => Promise.resolve(),
  }
  current = {
    async answer(url, body, token) {
      asked += 1
      try {
        await provider.hold()
        return answerNow(url, body, token)
      } finally {
        asked -= 1
      }
    },
  }
  return provider
}

/** What a gateway waits after so many tries that failed, in milliseconds. */
export function waitAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(5_000 * 2 ** (failures - 1), 300_000, refreshMs)
}

function claimsOf({ userId, email, isVerified, groups, team }: ProviderPerson) {
  return { sub: userId, email, email_verified: isVerified, groups, team }
}

const discovery = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/keys`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
}

function json(value: object, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json' },
  })
}

/** Nobody verifies it: it comes from the token endpoint, and is read for its `sid` and `iat`. */
function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256' })}.${part(claims)}.${Buffer.alloc(64).toString('base64url')}`
}
