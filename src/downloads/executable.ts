/** A file that holds the program for one system, by its name. */
export interface Executable {
  /** Such as `0.1.0`. */
  readonly version: string
  /** Such as `linux-x64` or `linux-arm64-musl`. */
  readonly system: string
}

/** As `npm run package` names them. */
const shape =
  /^postern-(\d[\w.+-]{0,63}?)-((?:linux-(?:x64|arm64)(?:-musl)?)|(?:darwin|windows)-(?:x64|arm64))\.(?:tar\.gz|zip)$/

/** Reads the name of an archive; undefined for files of another kind, such as checksums and packages. */
export function parseExecutable(name: string): Executable | undefined {
  const [, version, system] = shape.exec(name) ?? []
  return version === undefined || system === undefined ? undefined : { version, system }
}

/** Of several files for one system, the newest. */
export function newestOfEach<File extends Executable>(files: readonly File[]): readonly File[] {
  const newest = new Map<string, File>()
  for (const file of files) {
    const other = newest.get(file.system)
    if (other === undefined || compareVersions(file.version, other.version) > 0)
      newest.set(file.system, file)
  }
  return [...newest.values()].toSorted((a, b) => a.system.localeCompare(b.system))
}

const numerically = new Intl.Collator('en', { numeric: true })

/**
 * Less than zero when the first is the older one: part by part, and before a release what leads up to it.
 *
 * @see https://semver.org/#spec-item-11
 */
export function compareVersions(one: string, other: string): number {
  const [[first, before], [second, otherBefore]] = [splitVersion(one), splitVersion(other)]
  const difference = numerically.compare(first, second)
  if (difference !== 0 || before === otherBefore) return difference
  if (before === '' || otherBefore === '') return before === '' ? 1 : -1
  return numerically.compare(before, otherBefore)
}

/** The numbers, and what stands behind the first hyphen; without the build. */
function splitVersion(version: string): readonly [string, string] {
  const [plain = ''] = version.split('+')
  const hyphen = plain.indexOf('-')
  return hyphen < 0 ? [plain, ''] : [plain.slice(0, hyphen), plain.slice(hyphen + 1)]
}
