import assert from 'node:assert/strict'
import type { Actor, Stage } from '../actor.ts'

const purposes = ['connector-grant', 'ssh-ca', 'audit', 'application-token'] as const
type Purpose = (typeof purposes)[number]

type Change = { readonly purpose: Purpose; readonly what: 'rotated' | 'forgotten' }

/** Rotates the keys that sign and those that encrypt, and forgets former ones: whole, or not at all. */
export function keyActor(stage: Stage): Actor {
  const { control, records, random } = stage
  /** Newest first. */
  const keys = new Map<Purpose, readonly string[]>()
  let next: Change | undefined
  /** The key by which tokens in the database are encrypted, and whether all of them are by now. */
  let tokenKey: string | undefined
  let isRotating = false

  async function list(purpose: Purpose): Promise<readonly string[]> {
    const { keys: all } = await control.listSigningKeys(purpose)
    assert.deepEqual(
      all.map(({ current }) => current),
      all.map((_, index) => index === 0),
      `one key of ${purpose} is the current one`,
    )
    return all.map(({ id }) => id)
  }

  function settle({ purpose, what }: Change, now: readonly string[], isAnswered = true): void {
    const current = now[0] ?? ''
    const event = what === 'rotated' ? 'signing key rotated' : 'former signing keys forgotten'
    const concerned = what === 'rotated' ? current : keys.get(purpose)?.[1]
    if (isAnswered) records.expect(event, purpose, current)
    else records.expectUnanswered(`signing-key ${concerned}`, event, purpose, current)
    keys.set(purpose, now)
    next = undefined
  }

  async function rotate(purpose: Purpose): Promise<void> {
    const before = keys.get(purpose) ?? []
    next = { purpose, what: 'rotated' }
    const { key } = await stage.change(() => control.rotateSigningKey(purpose))
    settle(next, [key, ...before])
  }

  async function forget(purpose: Purpose): Promise<void> {
    next = { purpose, what: 'forgotten' }
    const { key } = await stage.change(() => control.forgetSigningKeys(purpose))
    settle(next, [key])
  }

  /** As `postern gateway keys rotate` asks. */
  async function rotateTokens(): Promise<void> {
    isRotating = true
    const { key, resumed } = await stage.change(() => control.beginTokenRotation())
    assert.ok(resumed || key !== tokenKey, 'it is another key')
    tokenKey = key
    records.expect('token key rotation begun')
    let after: string | null = ''
    while (after !== null) {
      const from: string = after
      ;({ next: after } = await stage.change(() => control.stepTokenRotation(from)))
    }
    isRotating = false
    records.expect('token key rotation ended')
  }

  async function checkTokens(): Promise<void> {
    const { keys: all } = await control.listTokenKeys()
    const current = all.filter((it) => it.current).map(({ id }) => id)
    assert.equal(current.length, 1, 'one key encrypts tokens')
    if (!isRotating && tokenKey !== undefined) assert.equal(current[0], tokenKey)
    tokenKey = current[0]
    isRotating = false
  }

  return {
    name: 'keys',
    async act() {
      const purpose = random.oneOf(purposes)
      if (random.share() < 0.25) return rotateTokens()
      if (!keys.has(purpose)) keys.set(purpose, await list(purpose))
      const isMany = (keys.get(purpose)?.length ?? 0) > 3
      return isMany || random.share() < 0.2 ? forget(purpose) : rotate(purpose)
    },
    async check() {
      await checkTokens()
      const pending = next
      next = undefined
      for (const [purpose, known] of keys) {
        const now = await list(purpose)
        const isDone = pending?.purpose === purpose && now.length !== known.length
        if (isDone) {
          const wanted = pending.what === 'forgotten' ? known.slice(0, 1) : [now[0], ...known]
          assert.deepEqual(now, wanted, `the keys of ${purpose} are half rotated`)
          settle(pending, now, false)
        }
        assert.deepEqual(now, keys.get(purpose), `the keys of ${purpose}`)
      }
    },
  }
}
