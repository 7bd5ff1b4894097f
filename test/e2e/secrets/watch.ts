import { createCollected, type Collected, type Secret, type SecretKind } from './collected.ts'
import { isAllowed } from './allowed.ts'
import { formsOf } from './forms.ts'
import { readHome } from './homes.ts'
import { createSearch } from './search.ts'

/** The secrets of one test, and the places where none of them belongs. */
export interface SecretWatch extends Pick<Collected, 'add'> {
  /** Whether anything is searched at the end: where not, nothing needs to be put up for it. */
  readonly isSearched: boolean
  /** A text that is searched at the end of the test, when everything of it has ended. */
  place(name: string, text: () => Buffer | string): void
  /** Like it, for what may hold secrets that are to be searched elsewhere: it is asked first. */
  source(collect: () => void | Promise<void>): void
  /** The home of a program: its secrets are in files of their own, and in no others. */
  home(path: string): void
  /** Kinds that are to have been collected at the end: a search for nothing finds nothing. */
  expect(...kinds: readonly SecretKind[]): void
  /** A provider of the test's: its pages are not the gateway's, and who signed in there has left secrets. */
  provider(provider: Provider): void
}

interface Provider {
  readonly issuer: URL
  readonly signInCount: number
}

export interface OpenWatch extends SecretWatch {
  /** Such as `a cookie in stderr of postern tcp`: what was found, once all has ended. None shows the secret. */
  end(): Promise<readonly string[]>
}

interface Place {
  readonly name: string
  readonly text: () => Buffer | string
}

/** What every sign-in at a provider leaves, whoever's browser it is, and whether or not the gateway is given tokens then. */
const leftBySignIn: readonly SecretKind[] = ['cookie', 'state', 'code']

export function openWatch(isSearched: boolean): OpenWatch {
  const collected = createCollected()
  const places: Place[] = []
  const sources: (() => void | Promise<void>)[] = []
  const homes = new Set<string>()
  const providers: Provider[] = []
  const expected = new Set<SecretKind>()

  async function placesOf(): Promise<readonly Place[]> {
    const files = await Promise.all([...homes].map((home) => readHome(home, collected)))
    const origins = providers.map(({ issuer }) => `page ${issuer.origin}/`)
    return [...places, ...files.flat()].filter(
      ({ name }) => !origins.some((origin) => name.startsWith(origin)),
    )
  }

  return {
    isSearched,
    add: collected.add,
    place: (name, text) => void places.push({ name, text }),
    source: (collect) => void sources.push(collect),
    home: (path) => void homes.add(path),
    expect(...kinds) {
      for (const kind of kinds) expected.add(kind)
    },
    provider: (provider) => void providers.push(provider),
    async end() {
      for (const collect of sources) await collect()
      const all = await placesOf()
      const find = createSearch(collected.all())
      const faults = new Set<string>()
      for (const { name, text } of all) {
        for (const { kind } of find(Buffer.from(text())))
          if (!isAllowed(kind, name))
            faults.add(`a ${kind} in ${withoutSecrets(name, collected.all())}`)
      }
      const signedIn = providers.some(({ signInCount }) => signInCount > 0)
      for (const kind of [...expected, ...(signedIn ? leftBySignIn : [])])
        if (!collected.has(kind)) faults.add(`no ${kind} was collected`)
      return [...faults]
    },
  }
}

/** A command line is the name of what it says, and may be where the secret stands. */
function withoutSecrets(name: string, secrets: readonly Secret[]): string {
  return secrets
    .flatMap(({ bytes }) => formsOf(bytes).map(String))
    .reduce((text, form) => text.replaceAll(form, '…'), name)
}
