import { ConfigError } from '../../errors.ts'
import { mustBe, show, unknownKey } from '../../schema.ts'
import { parseYaml } from '../../yaml-text.ts'
import type { Path, ProblemDetails, YamlText } from '../../yaml-text.ts'
import { createDirectory, groupsByMember, memberKey } from '../../access/directory.ts'
import type { Directory, Membership } from '../../access/directory.ts'

/**
 * Most memberships of one directory: reading them takes a second or two.
 *
 * @limit memberships of one `directory`: it does not load, the old one stays
 */
const maxMemberships = 100_000
/**
 * Most faults of one directory that are told: each is looked for in the whole text.
 *
 * @limit none: how many faults of a directory are told
 */
const maxProblems = 50

const membersAre = { one: 'an email address or a user id', many: 'email addresses and user ids' }
const groupsAre = { one: 'the name of a group', many: 'names of groups' }

/**
 * Parses the text of a directory:
 *
 *     groups: {GROUP: [WHO, …]}
 *     people: {WHO: {groups: [GROUP, …], name: TEXT}}
 *
 * @throws {ConfigError} with its faults, each at its place
 */
export function parseDirectory(source: string, sourceText: string): Directory {
  return createDirectory(parseMemberships(source, sourceText))
}

/**
 * Memberships of one part: taking one over takes a millisecond or two.
 */
const partMemberships = 1_000

/** The same in parts, as a worker sends them: the groups of each member. */
export function* parseDirectoryParts(
  source: string,
  sourceText: string,
): Generator<[member: string, groups: readonly string[]][]> {
  let part: [string, readonly string[]][] = []
  let size = 0
  for (const [member, groups] of groupsByMember(parseMemberships(source, sourceText))) {
    part.push([member, groups])
    size += groups.length
    if (size < partMemberships) continue
    yield part
    part = []
    size = 0
  }
  yield part
}

function parseMemberships(source: string, sourceText: string): readonly Membership[] {
  const text = parseYaml(source, sourceText)
  const reader = createReader(text)
  const root = reader.mapping([], text.value, ['groups', 'people'])
  const memberships = [...readGroups(root['groups'], reader), ...readPeople(root['people'], reader)]
  if (memberships.length > maxMemberships) {
    const message = `has ${memberships.length} memberships, and at most ${maxMemberships} are read`
    reader.problem([], message, { hint: 'let the provider send groups as a claim instead' })
  }
  reader.finish()
  return memberships
}

function readGroups(value: unknown, reader: Reader): readonly Membership[] {
  if (value === undefined) return []
  return Object.entries(reader.mapping(['groups'], value)).flatMap(([group, members]) => {
    const path = ['groups', group]
    reader.word(path, group, groupsAre.one, 'key')
    return reader.words(path, members, membersAre, memberKey).map((member) => ({ member, group }))
  })
}

function readPeople(value: unknown, reader: Reader): readonly Membership[] {
  if (value === undefined) return []
  const known = new Map<string, string>()
  return Object.entries(reader.mapping(['people'], value)).flatMap(([member, person]) => {
    const path = ['people', member]
    reader.word(path, member, membersAre.one, 'key')
    const same = known.get(memberKey(member))
    if (same !== undefined) {
      reader.problem(path, `is ${show(same)}, spelled differently`, { at: 'key' })
    }
    known.set(memberKey(member), member)
    const { groups, name } = reader.mapping(path, person, ['groups', 'name'])
    if (name !== undefined) reader.word([...path, 'name'], name, 'a name', 'value')
    if (groups === undefined) return []
    return reader
      .words([...path, 'groups'], groups, groupsAre, (group) => group)
      .map((group) => ({ member, group }))
  })
}

interface Reader {
  problem(path: Path, message: string, details?: ProblemDetails): void
  /** The mapping at a path, with these keys only when they are given; empty after a fault. */
  mapping(path: Path, value: unknown, keys?: readonly string[]): Readonly<Record<string, unknown>>
  /** A text that is not empty and has no space around it; undefined after a fault. */
  word(path: Path, value: unknown, what: string, at: 'key' | 'value'): string | undefined
  /** A list of such texts, each once as `keyOf` tells them apart. */
  words(
    path: Path,
    value: unknown,
    what: { readonly one: string; readonly many: string },
    keyOf: (text: string) => string,
  ): readonly string[]
  /** Throws when there was a fault. */
  finish(): void
}

function createReader(text: YamlText): Reader {
  const problems: ReturnType<YamlText['problem']>[] = []
  const reader: Reader = {
    problem(path, message, details) {
      if (problems.length < maxProblems) problems.push(text.problem(path, message, details))
    },
    mapping(path, value, keys) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        reader.problem(
          path,
          mustBe(
            keys === undefined ? 'a mapping' : `a mapping with ${keys.map(show).join(' or ')}`,
            value ?? null,
          ),
        )
        return {}
      }
      for (const key of Object.keys(value)) {
        if (keys === undefined || keys.includes(key)) continue
        const { message, hint } = unknownKey(path, key, keys)
        reader.problem([...path, key], message, { hint, at: 'key' })
      }
      return { ...value }
    },
    word(path, value, what, at) {
      if (typeof value === 'string' && value !== '' && value === value.trim()) return value
      // YAML reads an id of digits as a number, which need not be what was written.
      const hint = typeof value === 'number' ? 'put it in quotes' : undefined
      const spaced = typeof value === 'string' && value.trim() !== ''
      const expected = spaced ? `${what} without space around it` : what
      reader.problem(path, mustBe(expected, value ?? null), { hint, at })
      return undefined
    },
    words(path, value, what, keyOf) {
      if (!Array.isArray(value)) {
        reader.problem(path, mustBe(`a list of ${what.many}`, value ?? null))
        return []
      }
      const known = new Set<string>()
      const items: readonly unknown[] = value
      return items.flatMap((item, index) => {
        const word = reader.word([...path, index], item, what.one, 'value')
        if (word === undefined) return []
        if (known.has(keyOf(word)))
          reader.problem([...path, index], `${show(word)} is listed twice`)
        known.add(keyOf(word))
        return [word]
      })
    },
    finish() {
      if (problems.length > 0) throw new ConfigError(problems)
    },
  }
  return reader
}
