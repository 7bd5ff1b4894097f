import type { Session } from '../facts.ts'
import type { Random } from '../random.ts'
import { type Rig, accountIds } from '../rig.ts'
import { tickMs } from '../rules.ts'
import { aliveOf } from './sessions.ts'

const accountsUsed = new WeakMap<Rig, Set<string>>()

/** Makes a service account, rotates its credential, or revokes it. */
export async function changeAccount(rig: Rig, random: Random): Promise<boolean> {
  const { world, facts } = rig
  const { serviceAccounts } = world.identity
  const id = random.pick(accountIds)
  const there = accountsUsed.get(rig) ?? new Set()
  accountsUsed.set(rig, there)
  const own = aliveOf(rig, 'accounts').filter(({ userId }) => userId === id)
  const add = (credential: string, expiresAtMs: number | undefined): void =>
    void facts.sessions.push({
      userId: id,
      person: undefined,
      headers: { 'cf-access-client-id': id, 'cf-access-client-secret': credential },
      id: '',
      signIn: '',
      expiresAtMs: expiresAtMs ?? Infinity,
      issuedAtMs: facts.nowMs,
      usedFromMs: facts.nowMs,
      usedUntilMs: facts.nowMs,
      ended: undefined,
    })
  const isExpired = there.has(id) && !own.some((it) => it === newestOf(facts.sessions, id))
  if (!there.has(id)) {
    const expiresAtMs = random.isIn(50) ? undefined : facts.nowMs + (1 + random.below(60)) * tickMs
    const made = await serviceAccounts.create({
      id,
      description: '',
      format: 'id-secret',
      expiresAtMs,
    })
    there.add(id)
    add(made.credential, made.expiresAtMs)
    return true
  }
  if (isExpired || random.isIn(40)) {
    for (const session of own) session.ended = 'session-revoked'
    await serviceAccounts.revoke(id)
    there.delete(id)
    return true
  }
  const keepOldMs = random.isIn(50) ? 0 : (1 + random.below(12)) * tickMs
  const newest = newestOf(facts.sessions, id)
  for (const session of own) {
    if (session !== newest || keepOldMs === 0) session.ended = 'session-revoked'
    else session.expiresAtMs = Math.min(session.expiresAtMs, facts.nowMs + keepOldMs)
  }
  const rotated = await serviceAccounts.rotate(id, { keepOldMs, expiresAtMs: 'keep' })
  add(rotated.credential, rotated.expiresAtMs)
  return true
}

function newestOf(sessions: readonly Session[], id: string): Session | undefined {
  return sessions.findLast(({ userId, person }) => userId === id && person === undefined)
}
