/** After which what is waited for counts as never coming, in milliseconds. */
export const patienceMs = 60_000
/** Between two looks, in milliseconds: the gateway is not to be busy with them. */
const lookEveryMs = 500

/** Looks until something is so. Throws `late` when it takes too long. */
export async function until(late: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(late)
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}
