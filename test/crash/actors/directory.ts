import assert from 'node:assert/strict'
import type { Actor, Stage } from '../actor.ts'

interface Change {
  readonly id: string | undefined
  readonly userName: string
  readonly to: 'created' | 'activated' | 'deactivated' | 'deleted'
}

const mostUsers = 4
const path = '/scim/v2/Users'

/** A company's directory that writes its users by SCIM. */
export function directoryActor(stage: Stage, credential: string): Actor {
  const { records, random } = stage
  /** By id, whether each is active. */
  const users = new Map<string, boolean>()
  let next: Change | undefined

  const ask = (method: string, suffix = '', body?: object) =>
    stage.ask({
      method,
      path: `${path}${suffix}`,
      headers: { authorization: `Bearer ${credential}` },
      ...(body && { body }),
    })

  function settle({ to }: Change, id: string, isAnswered = true): void {
    if (isAnswered) records.expect(`scim user ${to}`, id)
    else records.expectUnanswered(`scim-user ${id}`, `scim user ${to}`, id)
    if (to === 'deleted') users.delete(id)
    else users.set(id, to !== 'deactivated')
    next = undefined
  }

  async function create(): Promise<void> {
    const userName = `${stage.mark('user')}@example.com`
    next = { id: undefined, userName, to: 'created' }
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
    const { status, body } = await stage.change(() =>
      ask('POST', '', { schemas, userName, active: true }),
    )
    assert.equal(status, 201, JSON.stringify(body))
    settle(next, String(body['id']))
  }

  async function change(id: string, isActive: boolean): Promise<void> {
    const to = random.share() < 0.3 ? 'deleted' : isActive ? 'deactivated' : 'activated'
    next = { id, userName: '', to }
    const patch = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: !isActive }],
    }
    const { status } = await stage.change(() =>
      to === 'deleted' ? ask('DELETE', `/${id}`) : ask('PATCH', `/${id}`, patch),
    )
    assert.ok(status === 200 || status === 204, `SCIM answers ${status}`)
    settle(next, id)
  }

  return {
    name: 'the directory',
    act() {
      const one = random.oneOf([...users, undefined])
      if (one !== undefined) return change(...one)
      return users.size < mostUsers ? create() : this.act()
    },
    async check() {
      const { status, body } = await ask('GET', '?count=200')
      assert.equal(status, 200, JSON.stringify(body))
      const all = (body['Resources'] ?? []) as readonly {
        readonly id: string
        readonly userName: string
        readonly active?: boolean
      }[]
      const now = new Map(all.map(({ id, active }) => [id, active ?? true]))
      const pending = next
      next = undefined
      if (pending !== undefined) {
        const id = pending.id ?? all.find(({ userName }) => userName === pending.userName)?.id
        if (id !== undefined && now.get(id) !== users.get(id)) settle(pending, id, false)
      }
      assert.deepEqual(now, users, 'the users are those that were acknowledged')
    },
  }
}
