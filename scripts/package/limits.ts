/** What is promised of each executable, in bytes. 125 MB is the aim, see docs/release.md; those for glibc are above it. */
export const limits = {
  executableBytes: 128_000_000,
  archiveBytes: 60_000_000,
} as const
