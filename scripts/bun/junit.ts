// What `bun test --reporter=junit` writes, as far as it matters here: suites within suites, and their tests.

/** One test as a run left it. */
export interface TestResult {
  /** With the suites that it is in, outermost first: `suite > test`. */
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  gt: '>',
  lt: '<',
  quot: '"',
}

/** The tests of each file by its path, in their order; a file whose tests were not reached is not there. */
export function readJunit(text: string): ReadonlyMap<string, readonly TestResult[]> {
  const files = new Map<string, TestResult[]>()
  let results: TestResult[] = []
  // The outermost suite is the file itself.
  const suites: string[] = []
  for (const [tag] of text.matchAll(/<[^>]*>/g)) {
    const name = unescape(/ name="([^"]*)"/.exec(tag)?.[1] ?? '')
    if (tag.startsWith('<testsuite ')) {
      suites.push(name)
      if (suites.length > 1) continue
      results = files.get(name) ?? []
      files.set(name, results)
    } else if (tag.startsWith('</testsuite>')) suites.pop()
    else if (tag.startsWith('<testcase ')) {
      results.push({ name: [...suites.slice(1), name].join(' > '), outcome: 'passed' })
    } else if (/^<(failure|skipped)\b/.test(tag)) {
      const last = results.pop()
      const outcome = tag.startsWith('<failure') ? 'failed' : 'skipped'
      if (last !== undefined) results.push({ ...last, outcome })
    }
  }
  return files
}

function unescape(text: string): string {
  return text.replaceAll(/&(?:#x?([\da-f]+)|(\w+));/gi, (all, code?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? all
    const base = all[2]?.toLowerCase() === 'x' ? 16 : 10
    return String.fromCodePoint(Number.parseInt(code ?? '', base))
  })
}
