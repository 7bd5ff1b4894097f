/**
 * What this process knows of rows in the store, by id. Decisions rest on it and are compared with it without a
 * wait: what others write reaches it by the feed of the store, before whoever wrote it goes on.
 */
export interface Mirror<Row> {
  /** Another number after each change; undefined once the row has gone, and for one that is not here. */
  version(id: string): number | undefined
  /** Enters an id before its row is read or added, and answers its version from then on. */
  enter(id: string): number
  /** Keeps a row that was added, unless something has happened to it since it was entered. */
  fill(id: string, version: number, row: Row): void
  /** A row and the version that it had before it was read; from memory while nothing is written. */
  read(id: string): Promise<Mirrored<Row> | undefined>
  /** Puts another row in the place of one that is in memory, where nothing but this has changed. */
  replace(id: string, known: Row, row: Row): void
  /** What decisions rest on is another one. */
  changed(id: string): void
  /** Something was written that no decision rests on. */
  kept(id: string): void
  forget(id: string): void
}

export interface Mirrored<Row> {
  readonly row: Row
  readonly version: number
}

interface Entry<Row> {
  version: number
  /** Whether there was such a row: only then does anything rest on the version. */
  isKnown: boolean
  row: Row | undefined
  /** Under way, and not overtaken by a write. */
  reading: Promise<Row | undefined> | undefined
}

/** @limit none: sessions and service accounts in memory, of each; the longest unused is read from the store again */
const maxRows = 10_000

/** Version numbers are never used twice, so a row that is forgotten and entered again is not the same. */
export function createMirror<Row>(load: (id: string) => Promise<Row | undefined>): Mirror<Row> {
  const entries = new Map<string, Entry<Row>>()
  /** Those whose row is in memory, the longest unused first. */
  const warm = new Map<string, Entry<Row>>()
  let lastVersion = 0

  function enter(id: string): Entry<Row> {
    const known = entries.get(id)
    if (known !== undefined) return known
    const entry = {
      version: (lastVersion += 1),
      isKnown: false,
      row: undefined,
      reading: undefined,
    }
    entries.set(id, entry)
    return entry
  }

  function keep(id: string, entry: Entry<Row>, row: Row): void {
    entry.row = row
    entry.isKnown = true
    warm.delete(id)
    warm.set(id, entry)
    const [oldest] = warm
    if (warm.size <= maxRows || oldest === undefined) return
    oldest[1].row = undefined
    warm.delete(oldest[0])
  }

  function drop(id: string, entry: Entry<Row>): void {
    entry.row = undefined
    entry.reading = undefined
    warm.delete(id)
  }

  async function loadInto(id: string, entry: Entry<Row>): Promise<Row | undefined> {
    const reading = load(id)
    entry.reading = reading
    try {
      const row = await reading
      // What was written meanwhile is not in what was read: then only the version tells.
      if (entry.reading !== reading) return row
      if (row === undefined) forget(id)
      else if (entries.get(id) === entry) keep(id, entry, row)
      return row
    } catch (error) {
      // Strangers ask for ids that they make up, also while the store cannot tell them from others.
      if (entry.reading === reading && !entry.isKnown) forget(id)
      throw error
    } finally {
      if (entry.reading === reading) entry.reading = undefined
    }
  }

  function forget(id: string): void {
    const entry = entries.get(id)
    if (entry !== undefined) drop(id, entry)
    entries.delete(id)
  }

  return {
    version: (id) => entries.get(id)?.version,
    enter: (id) => enter(id).version,
    fill(id, version, row) {
      const entry = entries.get(id)
      if (entry?.version === version) keep(id, entry, row)
    },
    async read(id) {
      const entry = enter(id)
      const { version, row: known } = entry
      if (known !== undefined) {
        keep(id, entry, known)
        return { row: known, version }
      }
      const row = await (entry.reading ?? loadInto(id, entry))
      return row === undefined ? undefined : { row, version }
    },
    replace(id, known, row) {
      const entry = entries.get(id)
      if (entry?.row === known) entry.row = row
    },
    changed(id) {
      const entry = entries.get(id)
      if (entry === undefined) return
      drop(id, entry)
      entry.version = lastVersion += 1
    },
    kept(id) {
      const entry = entries.get(id)
      if (entry !== undefined) drop(id, entry)
    },
    forget,
  }
}
