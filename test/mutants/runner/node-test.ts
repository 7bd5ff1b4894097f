/**
 * Stands for `node:test` where tests are run again and again in one process: it keeps what a file declares instead
 * of running it. As much of it as the tests of the scope use; anything else is a fault when they are loaded.
 */
import { mock } from 'node:test'

/** What a test is called with. */
export interface Context {
  readonly name: string
  readonly mock: typeof mock
  after(callback: Callback): void
}

type Callback = () => unknown
type Body = (context: Context) => unknown

/** One that a file has declared. */
export interface Declared {
  /** Unique among those of all files, and the same each time the file is loaded. */
  readonly id: string
  /** Rejects where it fails. What it has mocked and opened is put back and closed by then. */
  run(): Promise<void>
}

let place: readonly string[] = []
let declared = new Map<string, Declared>()

/** The tests that a file declares while `load` is under way, in their order. */
export async function declaredBy(
  file: string,
  load: () => Promise<unknown>,
): Promise<readonly Declared[]> {
  place = [file]
  declared = new Map()
  await load()
  return [...declared.values()]
}

export function test(name: string, ...rest: readonly [...options: unknown[], body: Body]): void {
  const body = rest.at(-1) as Body
  const path = [...place, name].join(' > ')
  let id = path
  for (let count = 2; declared.has(id); count += 1) id = `${path} (${count})`
  declared.set(id, { id, run: () => runOnce(name, body) })
}

export function describe(name: string, body: Callback): void {
  const outside = place
  place = [...place, name]
  body()
  place = outside
}

async function runOnce(name: string, body: Body): Promise<void> {
  const closing: Callback[] = []
  try {
    await body({ name, mock, after: (callback) => void closing.push(callback) })
  } finally {
    for (const close of closing) await close()
    mock.reset()
  }
}
