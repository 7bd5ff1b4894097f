import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Subject } from '../../policy/facts.ts'
import { isEmail, memberKey, type Directory } from '../directory.ts'
import { accountOf, isNamed } from './supposed-caller.ts'

/** Somebody of whom something is known, besides the groups that the directory adds. */
export interface KnownCaller {
  readonly subject: Subject
  /** As the provider says it. */
  readonly name: string | undefined
  readonly knownBy: 'session' | 'directory' | 'service-account'
}

/** Where people and programs are known from. */
export interface KnownFrom {
  /** Newest first; a person may have several. */
  sessions(): AsyncIterable<Subject & { readonly name?: string | undefined }>
  /** Ids of those that may be used. */
  serviceAccounts(): Promise<readonly string[]>
  directory(): Directory | undefined
}

/**
 * More people and programs than this are not looked at.
 *
 * @limit people and service accounts that `who-can` and the reach of a change look at: it says that there are more
 */
const maxCallers = 50_000

/** So many are taken in before others get their turn. */
const perTurn = 500

export interface KnownCallers {
  /** By `keyOf`, each person once. */
  readonly callers: readonly KnownCaller[]
  /** Whether there were more than are looked at. */
  readonly isCut: boolean
}

/** Everybody who is known: by their last session, as a service account, or by the directory alone. */
export async function knownCallers(
  { sessions, serviceAccounts, directory }: KnownFrom,
  limit = maxCallers,
): Promise<KnownCallers> {
  const known = new Map<string, KnownCaller>()
  const members = new Set<string>()
  let seen = 0
  for await (const { name, ...subject } of sessions()) {
    if ((seen += 1) % perTurn === 0) await nextTurn()
    const caller: KnownCaller = { subject, name, knownBy: 'session' }
    const key = keyOf(caller)
    if (known.has(key)) continue
    if (known.size >= limit) return cutOff(known)
    known.set(key, caller)
    members.add(subject.userId)
    if (subject.email !== undefined) members.add(memberKey(subject.email))
  }
  for (const id of await serviceAccounts()) {
    if (known.size >= limit) return cutOff(known)
    const caller: KnownCaller = {
      subject: accountOf(id),
      name: undefined,
      knownBy: 'service-account',
    }
    known.set(keyOf(caller), caller)
  }
  for (const member of directory()?.members() ?? []) {
    if ((seen += 1) % perTurn === 0) await nextTurn()
    if (members.has(member)) continue
    if (known.size >= limit) return cutOff(known)
    const caller = memberOf(member)
    known.set(keyOf(caller), caller)
  }
  return { callers: inOrder(known), isCut: false }
}

/** What tells callers apart, and their order: people before programs, by their ids. */
export function keyOf({ subject: { kind, userId } }: KnownCaller): string {
  return `${kind}:${userId}`
}

function memberOf(member: string): KnownCaller {
  const email = isEmail(member) ? member : undefined
  const subject: Subject = {
    kind: 'person',
    userId: member,
    email,
    emailVerified: email !== undefined,
    groups: [],
    claims: {},
  }
  return { subject, name: undefined, knownBy: 'directory' }
}

function cutOff(known: ReadonlyMap<string, KnownCaller>): KnownCallers {
  return { callers: inOrder(known), isCut: true }
}

function inOrder(known: ReadonlyMap<string, KnownCaller>): readonly KnownCaller[] {
  const keys = [...known.keys()].sort()
  return keys.map((key) => known.get(key)).filter((caller) => caller !== undefined)
}

/**
 * What is known of somebody by their email address or user id, the newest session first; undefined for a stranger.
 * Whoever only claims the address comes after whoever has it.
 */
export async function findPerson(
  { sessions, directory }: Pick<KnownFrom, 'sessions' | 'directory'>,
  person: string,
): Promise<KnownCaller | undefined> {
  let seen = 0
  let claiming: KnownCaller | undefined
  for await (const { name, ...subject } of sessions()) {
    if ((seen += 1) % perTurn === 0) await nextTurn()
    if (!isNamed(subject, person)) continue
    const caller: KnownCaller = { subject, name, knownBy: 'session' }
    if (subject.emailVerified || subject.userId === person) return caller
    claiming ??= caller
  }
  if (claiming !== undefined) return claiming
  return directory()?.has(person) === true ? memberOf(memberKey(person)) : undefined
}
