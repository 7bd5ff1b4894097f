/**
 * How long this thread has worked, in milliseconds. What is to take no time is measured by it: by the clock it takes as
 * long as a busy machine lets it wait.
 */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
