import type { TestContext } from 'node:test'
import { runProgram, type Ended } from '../program.fixture.ts'

/** Runs a checker of another project; skips the test by its name where it is missing, and fails it with `CI=true`. */
export async function runChecker(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended | undefined> {
  try {
    return await runProgram(program, args, { env })
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    t.skip(`${program} is not installed`)
    return undefined
  }
}
