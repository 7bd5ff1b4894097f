/**
 * Stands in for `node:test` where mutants are tested: tests are kept here instead of run once, so that one process
 * runs them again for each mutant. It has what the tests of the scope use and no more; what is missing fails to load.
 */
import type { TestContext } from 'node:test'

const real = process.getBuiltinModule('node:test')

type Body = (context: TestContext) => unknown

export interface KeptTest {
  /** Unique: its file, the groups around it, its name, and the number of those that have the same one. */
  readonly id: string
  readonly body: Body
}

const kept: KeptTest[] = []
let prefix: readonly string[] = []

/** Those that were declared since the last call, by the file of which that was. */
export function takeTests(file: string): readonly KeptTest[] {
  const counts = new Map<string, number>()
  return kept.splice(0).map(({ id, body }) => {
    const count = (counts.get(id) ?? 0) + 1
    counts.set(id, count)
    return { id: `${file}: ${id}${count > 1 ? ` (${count})` : ''}`, body }
  })
}

export function test(name: string, ...rest: readonly [Body] | readonly [object, Body]): void {
  const body = rest.length === 1 ? rest[0] : rest[1]
  kept.push({ id: [...prefix, name].join(': '), body })
}

export function describe(name: string, declare: () => void): void {
  const outer = prefix
  prefix = [...outer, name]
  declare()
  prefix = outer
}

/** @throws whatever the test does, after what it wanted done at its end */
export async function runKept({ id, body }: KeptTest): Promise<void> {
  const ends: (() => unknown)[] = []
  const context = {
    name: id,
    mock: real.mock,
    after: (end: () => unknown) => void ends.push(end),
    test: (name: string, ...rest: readonly [Body] | readonly [object, Body]) =>
      runKept({ id: `${id}: ${name}`, body: rest.length === 1 ? rest[0] : rest[1] }),
    diagnostic: () => undefined,
  }
  try {
    await body(context as unknown as TestContext)
  } finally {
    real.mock.reset()
    for (const end of ends) await end()
  }
}
