import assert from 'node:assert/strict'
import type { Actor, Stage } from '../actor.ts'

interface Account {
  readonly id: string
  credential: string
  /** One that was good once. */
  former: string | undefined
  isRevoked: boolean
}

interface Change {
  readonly account: Account
  readonly what: 'created' | 'rotated' | 'revoked'
}

const mostAccounts = 3

/** Makes service accounts, rotates and revokes them: a new credential works, and none of before does. */
export function serviceAccountActor(stage: Stage): Actor {
  const { control, records, random } = stage
  const accounts: Account[] = []
  let next: Change | undefined

  const live = (): readonly Account[] => accounts.filter(({ isRevoked }) => !isRevoked)

  function settle({ account, what }: Change, credential?: string, isAnswered = true): void {
    const feedName = `service-account ${account.id}`
    if (isAnswered) records.expect(`service account ${what}`, account.id)
    else records.expectUnanswered(feedName, `service account ${what}`, account.id)
    if (what === 'created') accounts.push(account)
    if (what === 'revoked') account.isRevoked = true
    else account.former = account.credential === '' ? undefined : account.credential
    if (credential !== undefined) account.credential = credential
    next = undefined
  }

  function draw(): Change {
    const some = live()
    if (some.length === 0 || (some.length < mostAccounts && random.share() < 0.4)) {
      const account = { id: stage.mark('account'), credential: '', former: undefined }
      return { account: { ...account, isRevoked: false }, what: 'created' }
    }
    return { account: random.oneOf(some), what: random.share() < 0.6 ? 'rotated' : 'revoked' }
  }

  async function ask({ account: { id }, what }: Change): Promise<string | undefined> {
    if (what === 'revoked') return void (await control.revokeServiceAccount(id))
    const made =
      what === 'rotated'
        ? control.rotateServiceAccount(id, { keep_old_ms: 0 })
        : control.createServiceAccount({ id, description: '', format: 'jwt', expires_at: null })
    return (await made).credential
  }

  async function act(change: Change): Promise<void> {
    next = change
    settle(change, await stage.change(() => ask(change)))
  }

  /** Whoever is known and no administrator is answered 403. */
  async function works(credential: string): Promise<boolean> {
    const headers = { authorization: `Bearer ${credential}` }
    const { status } = await stage.ask({ method: 'GET', path: '/api/v1/me', headers })
    assert.ok(status === 401 || status === 403, `neither known nor unknown: ${status}`)
    return status === 403
  }

  /** One whose answer has not come: nobody has its credential, so it gets another. */
  async function settleNext({ account, what }: Change): Promise<void> {
    const { service_accounts: all } = await control.listServiceAccounts()
    const state = all.find(({ id }) => id === account.id)?.state
    const isDone = {
      created: () => state !== undefined,
      revoked: () => state === 'revoked',
      rotated: async () => !(await works(account.credential)),
    }
    if (!(await isDone[what]())) return
    settle({ account, what }, undefined, false)
    if (what !== 'revoked') await act({ account, what: 'rotated' })
  }

  return {
    name: 'service accounts',
    act: () => act(draw()),
    async check() {
      const pending = next
      next = undefined
      if (pending !== undefined) await settleNext(pending)
      const { service_accounts: all } = await control.listServiceAccounts()
      for (const account of accounts) {
        const state = all.find(({ id }) => id === account.id)?.state
        assert.equal(state === 'revoked', account.isRevoked, `${account.id} is ${state}`)
      }
      for (const { id, credential, former } of live()) {
        assert.ok(await works(credential), `the credential of ${id} does not work`)
        if (former !== undefined)
          assert.ok(!(await works(former)), `the former credential of ${id} works`)
      }
      const last = accounts.findLast(({ isRevoked }) => isRevoked)
      if (last !== undefined) assert.ok(!(await works(last.credential)), `${last.id} is revoked`)
    },
  }
}
