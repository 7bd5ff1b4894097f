import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

/** Sources that are mutated, and the tests that are to notice. Patterns of `fs.glob`, from the root. */
interface Part {
  readonly name: string
  readonly sources: readonly string[]
  readonly tests: readonly string[]
  /** Whether a source that has a test beside it needs no other one to load. **Default:** false */
  readonly isBesideEnough?: true
}

/** What decides about access: a fault that no test sees lets somebody in. In the order in which they are run. */
const parts: readonly Part[] = [
  {
    name: 'grants',
    sources: ['src/tunnel/{grant,grant-keys,sign-grant,used-once,verify-grant}.ts'],
    tests: [
      'src/tunnel/{used-once,verify-grant}.test.ts',
      'src/links/postern/grant-signer.test.ts',
    ],
  },
  {
    name: 'live tunnels',
    sources: ['src/access/live-tunnels.ts'],
    tests: ['src/access/{access-grant,live-tunnels}.test.ts'],
  },
  {
    name: 'access',
    sources: ['src/access/**/*.ts'],
    // Without those that start a gateway, or a store: they take longer to load than all the others to run.
    tests: [
      'src/access/{access-grant,administrators,ask-again,authorize,blocked-caller,decide,directory}.test.ts',
      'src/access/{fresh-grant,groups-claim,live-tunnels,tunnel-limits,tunnel-register}.test.ts',
      'src/access/trial/*.test.ts',
    ],
    isBesideEnough: true,
  },
  {
    name: 'tokens',
    sources: [
      'src/identity/{application-tokens,id-token,keys,logout-token,sealed,service-account-secret}.ts',
      'src/identity/{service-account-token,session-cookie,signed-url,signing-keys,tokens}.ts',
    ],
    // Without those that open a store: their keys are made anew for each.
    tests: [
      'src/identity/{application-token-rules,id-token,keys,logout-token,sealed}.test.ts',
      'src/identity/{service-account-secret,service-account-token,session-cookie}.test.ts',
      'src/identity/{signed-url,signing-key-reads,tokens}.test.ts',
    ],
    isBesideEnough: true,
  },
  // Each part of the policies without the tests of whole made-up ones: one of those takes longer than all of these.
  {
    name: "policies in Cloudflare's words",
    sources: ['src/policy/cloudflare/*.ts'],
    tests: ['src/policy/cloudflare/*.test.ts'],
  },
  {
    name: 'policies from one language to the other',
    sources: ['src/policy/{convert,editor}/*.ts'],
    tests: ['src/policy/convert/to-*.test.ts', 'src/policy/editor/*.test.ts'],
  },
  {
    name: 'zones',
    sources: ['src/policy/time/*.ts'],
    tests: ['src/policy/{time,language}/{data,texts,zone,time-criteria}.test.ts'],
    isBesideEnough: true,
  },
  {
    name: 'policies',
    sources: ['src/policy/*.ts', 'src/policy/{criteria,language,matchers,named,tracing}/*.ts'],
    tests: [
      'src/policy/{criteria,matchers,named}/*.test.ts',
      'src/policy/language/{disjoint,parse,reference,service-account,shorthand,verdict}.test.ts',
      'src/policy/language/*-criteria.test.ts',
      'src/policy/tracing/trace-for.test.ts',
      'src/policy/*.test.ts',
    ],
  },
]

const noSource = /\.(?:test|fixture|suite)\.ts$/

/** Every source that is in scope, in the order of the parts. */
export function sourcesInScope(): readonly string[] {
  const all = parts.flatMap(({ sources }) => files(sources))
  return [...new Set(all)].filter((file) => !noSource.test(file))
}

/** The sources of `names`, each a file or a folder; undefined for what is none of the scope. */
export function sourcesOf(name: string): readonly string[] | undefined {
  const found = sourcesInScope().filter((file) => file === name || file.startsWith(`${name}/`))
  return found.length === 0 ? undefined : found
}

/** The tests that are to notice a change of `source`: those beside it first. */
export function testsOf(source: string): readonly string[] {
  const part = parts.find(({ sources }) => files(sources).includes(source))
  const beside = source.replace(/\.ts$/, '.test.ts')
  const rank = (test: string): number =>
    test === beside ? 0 : dirname(test) === dirname(source) ? 1 : 2
  const all = files(part?.tests ?? []).toSorted((one, other) => rank(one) - rank(other))
  return part?.isBesideEnough === true && all[0] === beside ? [beside] : all
}

/**
 * The sources that changed files are about: those themselves, and those that a changed test stands beside, since
 * a test can be weakened as well.
 */
export function sourcesTouched(changed: readonly string[]): readonly string[] {
  const touched = new Set(changed.map((file) => file.replace(/\.test\.ts$/, '.ts')))
  return sourcesInScope().filter((file) => touched.has(file))
}

const found = new Map<string, readonly string[]>()

function files(patterns: readonly string[]): readonly string[] {
  return patterns.flatMap(filesOf).toSorted()
}

function filesOf(pattern: string): readonly string[] {
  const known = found.get(pattern)
  if (known !== undefined) return known
  const files = globSync(pattern, { cwd: root }).map((file) => file.replaceAll('\\', '/'))
  found.set(pattern, files)
  return files
}
