import { exitCodes } from '../process/exit-codes.ts'

/** The options of `postern demo sign-in` as they were given. */
export interface SignInOptions {
  readonly person: string
  readonly caFile?: string
}

/** Runs `postern demo sign-in`; resolves to the exit code. */
export async function runSignIn(
  address: string,
  { person, caFile }: SignInOptions,
): Promise<number> {
  const { signInAs } = await import('../../quickstart/sign-in.ts')
  await signInAs(address, person, caFile)
  return exitCodes.ok
}
