/** The states of the sessions that this process has to do with, by id; one entry per session. */
export interface Versions {
  get(id: string): number | undefined
  /** The version of a session, made when it has none yet. */
  touch(id: string): number
  /** Gives a session that has a version another one. */
  bump(id: string): void
  forget(id: string): void
}

/** Numbers are never used twice, so a session that is forgotten and touched again is not the same. */
export function createVersions(): Versions {
  const versions = new Map<string, number>()
  let last = 0
  return {
    get: (id) => versions.get(id),
    touch(id) {
      const known = versions.get(id)
      if (known !== undefined) return known
      last += 1
      versions.set(id, last)
      return last
    },
    bump(id) {
      if (!versions.has(id)) return
      last += 1
      versions.set(id, last)
    },
    forget: (id) => void versions.delete(id),
  }
}
