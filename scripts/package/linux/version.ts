/**
 * A version as Debian and RPM compare it. A pre-release is before the release, which `~` says to both: `1.0.0-rc.1` is
 * `1.0.0~rc.1`.
 */
export function packageVersion(version: string): string {
  return version.replace('-', '~')
}
