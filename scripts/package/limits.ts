/** What is promised of each executable, in bytes. */
export const limits = {
  executableBytes: 125_000_000,
  archiveBytes: 60_000_000,
} as const
