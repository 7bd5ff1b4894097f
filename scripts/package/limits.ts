/** What was promised of each executable, in bytes. */
export const limits = {
  executableBytes: 128_000_000,
  archiveBytes: 60_000_000,
} as const
