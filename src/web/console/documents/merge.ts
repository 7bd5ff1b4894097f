import { isSame, withKey, type Body } from './body.ts'

/** A key that two people have changed, each to something else. */
export interface Clash {
  readonly key: string
  /** What both began with; undefined where the key was not there. */
  readonly base: unknown
  readonly mine: unknown
  readonly theirs: unknown
}

export interface Merged {
  /** Theirs with what I alone have changed; at each clash it holds theirs. */
  readonly body: Body
  /** Keys that I alone have changed, or both to the same. */
  readonly kept: readonly string[]
  /** Keys that they alone have changed. */
  readonly taken: readonly string[]
  readonly clashes: readonly Clash[]
}

/** Brings two changes of one document together, key by key: nothing of either is lost without being asked about. */
export function mergeBodies(base: Body, mine: Body, theirs: Body): Merged {
  const kept: string[] = []
  const taken: string[] = []
  const clashes: Clash[] = []
  let body = theirs
  for (const key of new Set([base, mine, theirs].flatMap((one) => Object.keys(one)))) {
    const isMine = !isSame(base[key], mine[key])
    const isTheirs = !isSame(base[key], theirs[key])
    if (isMine && isTheirs && !isSame(mine[key], theirs[key])) {
      clashes.push({ key, base: base[key], mine: mine[key], theirs: theirs[key] })
    } else if (isMine) {
      kept.push(key)
      body = withKey(body, key, mine[key])
    } else if (isTheirs) taken.push(key)
  }
  return { body, kept, taken, clashes }
}
