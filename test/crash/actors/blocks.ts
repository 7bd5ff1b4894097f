import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Actor, Stage } from '../actor.ts'

/** Blocks people and lets them in again: a block that was acknowledged holds. */
export function blockActor(stage: Stage, people: readonly string[]): Actor {
  const { control, records, random } = stage
  /** Why each is blocked. */
  let blocked: ReadonlyMap<string, string> = new Map()
  let next: { readonly who: string; readonly reason: string | undefined } | undefined

  function settle({ who, reason }: NonNullable<typeof next>, isAnswered = true): void {
    const event = reason === undefined ? 'person unblocked' : 'person blocked'
    const values = reason === undefined ? [who] : [who, reason]
    if (isAnswered) records.expect(event, ...values)
    else records.expectUnanswered(`blocked-person ${who}`, event, ...values)
    blocked = withChange({ who, reason })
    next = undefined
  }

  function withChange({ who, reason }: NonNullable<typeof next>): ReadonlyMap<string, string> {
    const after = new Map(blocked)
    if (reason === undefined) after.delete(who)
    else after.set(who, reason)
    return after
  }

  return {
    name: 'blocks',
    async act() {
      const who = random.oneOf(people)
      const reason = blocked.has(who) ? undefined : stage.mark('block')
      next = { who, reason }
      await stage.change(async () => {
        if (reason === undefined) await control.unblockPerson(who)
        else await control.blockPerson(who, reason)
      })
      settle(next)
    },
    async check() {
      const { blocks } = await control.listBlocks()
      const own = blocks.filter((block) => !block.by_scim)
      const now = new Map(own.map(({ who, reason }) => [who, reason]))
      if (next !== undefined && isDeepStrictEqual(now, withChange(next))) settle(next, false)
      next = undefined
      assert.deepEqual(now, blocked, 'the blocks are those that were acknowledged')
    },
  }
}
