import assert from 'node:assert/strict'
import { createCookieJar, type CookieJar } from '../../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../../src/dev-idp/sign-in-with-forms.ts'
import type { Actor, Stage } from '../actor.ts'

type State = 'pending' | 'approved' | 'over'

/** What each answer is called in the audit log. */
const events = {
  ask: 'access requested',
  approve: 'access approved',
  deny: 'access denied',
  end: 'access ended',
} as const

interface Step {
  readonly what: keyof typeof events
  readonly to: State
}

/** Fewer than one person may ask for in a day, those that a kill cut short counted. */
const mostAsked = 40

/** People who ask, one after the other, for access for a while, are given it or not, and whose access is ended. */
export function requestActor(stage: Stage, emails: readonly string[], route: string): Actor {
  const { control, records, random, origin, ca } = stage
  let email = emails[0] ?? ''
  let asked = 0
  let jar: CookieJar | undefined
  let id: string | undefined
  let state: State = 'over'
  let next: Step | undefined

  function settle({ what, to }: Step, of: string, isAnswered = true): void {
    if (isAnswered) records.expect(events[what], of)
    else records.expectUnanswered(`access-request ${of}`, events[what], of)
    id = of
    state = to
    next = undefined
  }

  async function signedIn(): Promise<string> {
    if (jar === undefined) {
      const fresh = createCookieJar()
      await signInWithForms(
        `${origin}/.pomerium/sign_in`,
        { email },
        { jar: fresh, request: { ca } },
      )
      jar = fresh
    }
    return jar.header(new URL(origin)) ?? ''
  }

  /** The turn of the next, who has asked for nothing yet. */
  function takeTurns(): void {
    const turn = emails[emails.indexOf(email) + 1]
    if (turn === undefined) throw new Error('nobody is left who may ask for access today')
    email = turn
    asked = 0
    jar = undefined
    id = undefined
  }

  async function ask(): Promise<string> {
    if (asked >= mostAsked) takeTurns()
    asked += 1
    const cookie = await signedIn()
    next = { what: 'ask', to: 'pending' }
    const { status, body } = await stage.change(() =>
      stage.ask({
        method: 'POST',
        path: '/api/v1/requests',
        headers: { cookie, 'x-postern-request': '1' },
        body: { route, for_seconds: 3600, reason: stage.mark('request') },
      }),
    )
    assert.equal(status, 201, JSON.stringify(body))
    return String(body['id'])
  }

  async function answer(of: string, step: Step): Promise<void> {
    next = step
    await stage.change(async () => {
      if (step.what === 'approve') await control.approveAccess(of, {})
      else if (step.what === 'deny') await control.denyAccess(of)
      else await control.endAccess(of)
    })
    settle(step, of)
  }

  return {
    name: 'requests',
    async act() {
      if (state === 'over' || id === undefined)
        return settle({ what: 'ask', to: 'pending' }, await ask())
      if (state === 'approved') return answer(id, { what: 'end', to: 'over' })
      if (random.share() < 0.3) return answer(id, { what: 'deny', to: 'over' })
      return answer(id, { what: 'approve', to: 'approved' })
    },
    async check() {
      const { requests } = await control.listAccessRequests()
      const newest = requests.find((request) => request.email === email)
      const found = newest?.state
      const now: State = found === 'pending' || found === 'approved' ? found : 'over'
      const pending = next
      next = undefined
      const isNew = newest !== undefined && newest.id !== id
      if (pending !== undefined && newest !== undefined && now === pending.to)
        if (isNew === (pending.what === 'ask')) settle(pending, newest.id, false)
      assert.equal(newest?.id, id, 'the newest request')
      assert.equal(now, state, `the request ${id}`)
    },
  }
}
