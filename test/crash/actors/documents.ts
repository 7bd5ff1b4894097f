import assert from 'node:assert/strict'
import type { Actor, Stage } from '../actor.ts'

/** Of a route or policy, what tells one form of it from another. */
interface Form {
  readonly mark: string
  readonly revision: number
}

interface Change {
  readonly id: string
  /** What may be in its place afterwards; undefined for nothing. Of several one has won. */
  readonly marks: readonly (string | undefined)[]
  readonly event: 'created' | 'updated' | 'deleted'
}

const mostDocuments = 4

/** What a kind of document is written as; `mark` stands in it, and is found in it again. */
interface Kind {
  readonly kind: 'route' | 'policy'
  readonly path: string
  readonly key: 'description' | 'explanation'
  define(id: string, mark: string): object
}

const rule = [{ allow: { or: [{ email: { is: 'nobody@example.com' } }] } }]
export const routeKind: Kind = {
  kind: 'route',
  path: '/api/v1/routes',
  key: 'description',
  define: (id, description) => ({
    id,
    name: id,
    description,
    from: `tcp+https://${id}.example.com:22`,
    to: 'tcp://10.1.2.3:22',
    policy: rule,
  }),
}
export const policyKind: Kind = {
  kind: 'policy',
  path: '/api/v1/policies',
  key: 'explanation',
  define: (id, explanation) => ({ name: id, explanation, policy: rule }),
}

/** Writes routes or policies, now and then twice at once: of these one is kept, and the other never was. */
export function documentActor(stage: Stage, { kind, path, key, define }: Kind): Actor {
  const { records, random } = stage
  const forms = new Map<string, Form>()
  let next: Change | undefined

  function settle({ id, event }: Change, form: Form | undefined, isAnswered = true): void {
    const values = [id, (form ?? forms.get(id))?.mark ?? id]
    if (isAnswered) records.expect(`${kind} ${event}`, ...values)
    else records.expectUnanswered(`access-document ${kind}/${id}`, `${kind} ${event}`, ...values)
    if (form === undefined) forms.delete(id)
    else forms.set(id, form)
    next = undefined
  }

  const formOf = (body: Readonly<Record<string, unknown>>): Form => {
    const { definition, revision } = body
    const mark = (definition as Readonly<Record<string, string>>)[key] ?? ''
    return { mark, revision: revision as number }
  }

  async function create(): Promise<void> {
    const [id, mark] = [stage.mark(kind), stage.mark('form')]
    next = { id, marks: [mark], event: 'created' }
    const body = { definition: define(id, mark) }
    const answer = await stage.change(() => stage.askAsAdmin({ method: 'POST', path, body }))
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    settle(next, formOf(answer.body))
  }

  /** Both have read the same: one of them is told so. */
  async function update(id: string, { revision }: Form): Promise<void> {
    const marks = [stage.mark('form'), ...(random.share() < 0.4 ? [stage.mark('form')] : [])]
    next = { id, marks, event: 'updated' }
    const answers = await Promise.all(
      marks.map((mark) => {
        const body = { definition: define(id, mark), revision }
        const question = { method: 'PUT', path: `${path}/${id}`, body }
        return stage.change(() => stage.askAsAdmin(question))
      }),
    )
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other)
    assert.deepEqual(statuses, marks.length === 1 ? [200] : [200, 409])
    const [won] = answers.filter(({ status }) => status === 200)
    const form = formOf(won?.body ?? {})
    for (const mark of marks) if (mark !== form.mark) records.forbid(`${kind} updated`, mark)
    settle(next, form)
  }

  async function remove(id: string, { revision }: Form): Promise<void> {
    next = { id, marks: [undefined], event: 'deleted' }
    const question = { method: 'DELETE', path: `${path}/${id}?revision=${revision}` }
    const { status, body } = await stage.change(() => stage.askAsAdmin(question))
    assert.equal(status, 200, JSON.stringify(body))
    settle(next, undefined)
  }

  async function stored(id: string): Promise<Form | undefined> {
    const question = { method: 'GET', path: `${path}/${id}?source=store` }
    const { status, body } = await stage.askAsAdmin(question)
    if (status === 404) return undefined
    assert.equal(status, 200, JSON.stringify(body))
    return formOf(body)
  }

  return {
    name: kind === 'route' ? 'routes' : 'policies',
    async act() {
      const [id, form] = random.oneOf([...forms, [undefined, undefined] as const])
      const isFull = forms.size >= mostDocuments
      if (id === undefined) return isFull ? this.act() : create()
      return random.share() < 0.75 ? update(id, form) : remove(id, form)
    },
    async check() {
      const pending = next
      next = undefined
      if (pending !== undefined) {
        const now = await stored(pending.id)
        const before = forms.get(pending.id)
        if (now?.mark !== before?.mark && pending.marks.includes(now?.mark))
          settle(pending, now, false)
        // Of two under way neither may be kept as well as the other.
        for (const mark of pending.marks)
          if (mark !== undefined && mark !== now?.mark)
            records.forbid(`${kind} ${pending.event}`, mark)
      }
      const list = await stage.askAsAdmin({ method: 'GET', path: `${path}?source=store&limit=500` })
      const items = list.body['items'] as readonly { readonly id: string }[]
      const found = await Promise.all(items.map(async ({ id }) => [id, await stored(id)] as const))
      assert.deepEqual(new Map(found), forms, `the ${this.name} are those that were acknowledged`)
    },
  }
}
