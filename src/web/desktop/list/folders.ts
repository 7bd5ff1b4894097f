import type { ConnectionView } from '../../../desktop/wire/view.ts'
import { words } from '../words.ts'

/** A tag, or one of the two folders that are none. */
export interface Folder {
  /** As the page's address has it: empty for all, `-` for those without a tag, `tag:NAME`. */
  readonly id: string
  readonly name: string
  readonly connections: readonly ConnectionView[]
  /** How many of them listen. */
  readonly up: number
}

const collator = new Intl.Collator(undefined, { numeric: true })

/** All, then a folder for each tag, then those without any where there are some; one with two tags is in both. */
export function foldersOf(connections: readonly ConnectionView[]): readonly Folder[] {
  const byTag = new Map<string, ConnectionView[]>()
  for (const connection of connections) {
    for (const tag of new Set(connection.settings.tags)) {
      const tagged = byTag.get(tag) ?? []
      tagged.push(connection)
      byTag.set(tag, tagged)
    }
  }
  const tags = [...byTag].sort(([one], [other]) => collator.compare(one, other))
  const untagged = connections.filter(({ settings }) => settings.tags.length === 0)
  return [
    folderOf('', words.list.all, connections),
    ...tags.map(([tag, tagged]) => folderOf(`tag:${tag}`, tag, tagged)),
    ...(tags.length > 0 && untagged.length > 0
      ? [folderOf('-', words.list.untagged, untagged)]
      : []),
  ]
}

function folderOf(id: string, name: string, connections: readonly ConnectionView[]): Folder {
  return { id, name, connections, up: connections.filter(isUp).length }
}

/** Whether it listens, whatever else is wrong with it. */
export function isUp({ is_up: isWanted, state }: ConnectionView): boolean {
  return isWanted && state !== 'not-listening' && state !== 'unsupported'
}

/** Those whose name, tags or destination have every word of a text. */
export function matching(
  connections: readonly ConnectionView[],
  text: string,
): readonly ConnectionView[] {
  const sought = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (sought.length === 0) return connections
  return connections.filter(({ settings: { name, tags, destination } }) => {
    const all = [name, destination, ...tags].join('\n').toLowerCase()
    return sought.every((word) => all.includes(word))
  })
}
