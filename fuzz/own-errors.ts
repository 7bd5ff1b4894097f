/** An error of ours with a stable code: what a parser may throw at foreign bytes. */
interface OwnError extends Error {
  readonly code: string
}

/**
 * How an attempt went: what it answers, or the code of an error of ours.
 *
 * @param kinds the classes of errors that it may throw; all else is a bug and goes on
 */
export function attempt<T>(
  run: () => T,
  ...kinds: readonly (abstract new (...args: never[]) => Error)[]
):
  | { readonly value: T; readonly code: undefined }
  | { readonly value: undefined; readonly code: string } {
  try {
    return { value: run(), code: undefined }
  } catch (error) {
    return { value: undefined, code: codeOf(error, kinds) }
  }
}

/** The same for what answers later. */
export async function attemptLater<T>(
  run: () => Promise<T>,
  ...kinds: readonly (abstract new (...args: never[]) => Error)[]
): Promise<ReturnType<typeof attempt<T>>> {
  try {
    return { value: await run(), code: undefined }
  } catch (error) {
    return { value: undefined, code: codeOf(error, kinds) }
  }
}

function codeOf(
  error: unknown,
  kinds: readonly (abstract new (...args: never[]) => Error)[],
): string {
  const isOwn = kinds.some((kind) => isOf(error, kind))
  if (!isOwn || !(error instanceof Error)) throw error
  return (error as OwnError).code ?? error.name
}

/** A plain `Error` is said on purpose; a `TypeError`, which is one as well, is not. */
function isOf(error: unknown, kind: abstract new (...args: never[]) => Error): boolean {
  if (kind !== Error) return error instanceof kind
  return error instanceof Error && Object.getPrototypeOf(error) === Error.prototype
}
