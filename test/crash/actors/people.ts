import assert from 'node:assert/strict'
import { createCookieJar, type CookieJar } from '../../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../../src/dev-idp/sign-in-with-forms.ts'
import type { Actor, Stage } from '../actor.ts'

interface Browser {
  readonly jar: CookieJar
  id: string
}

const mostSessions = 4

/**
 * Somebody who signs in, in one browser after the other, and whose sessions are ended: one that was begun stays, past kills and
 * the provider's short tokens, and one that was ended never comes back.
 */
export function personActor(stage: Stage, email: string): Actor {
  const { origin, ca, records, random, control } = stage
  const live: Browser[] = []
  const ended: Browser[] = []
  let signingIn: CookieJar | undefined
  let ending: Browser | undefined

  const askOwn = (jar: CookieJar, method = 'GET', path = '/api/v1/my/sessions') => {
    const cookie = jar.header(new URL(origin)) ?? ''
    return stage.ask({ method, path, headers: { cookie, 'x-postern-request': '1' } })
  }

  /** Undefined where nobody is signed in. */
  async function sessionIn(jar: CookieJar): Promise<string | undefined> {
    if (jar.header(new URL(origin)) === undefined) return undefined
    const { status, body } = await askOwn(jar)
    if (status === 401) return undefined
    assert.equal(status, 200, JSON.stringify(body))
    const items = body['items'] as readonly { readonly id: string; readonly current: boolean }[]
    return items.find(({ current }) => current)?.id
  }

  async function signIn(): Promise<void> {
    const jar = createCookieJar()
    signingIn = jar
    await stage.change(() =>
      signInWithForms(`${origin}/.pomerium/sign_in`, { email }, { jar, request: { ca } }),
    )
    const id = await sessionIn(jar)
    assert.ok(id !== undefined, `${email} has signed in, and is not`)
    signingIn = undefined
    live.push({ jar, id })
    records.expect('signed in', id)
  }

  async function end(browser: Browser): Promise<void> {
    ending = browser
    const path = `/api/v1/my/sessions/${browser.id}`
    await stage.change(async () => {
      if (random.share() < 0.5) await control.revokeSession(browser.id)
      else assert.equal((await askOwn(browser.jar, 'DELETE', path)).status, 200)
    })
    settleEnd(browser, 'answered')
  }

  function settleEnd(browser: Browser, how: 'answered' | 'unanswered'): void {
    ending = undefined
    live.splice(live.indexOf(browser), 1)
    ended.push(browser)
    if (how === 'answered') records.expect('sessions revoked', browser.id)
    else records.expectUnanswered(`session ${browser.id}`, 'sessions revoked', browser.id)
  }

  return {
    name: `sessions of ${email}`,
    async act() {
      const isFull = live.length >= mostSessions
      if (live.length > 0 && (isFull || random.share() < 0.4)) await end(random.oneOf(live))
      else await signIn()
    },
    async check() {
      const { sessions } = await control.listSessions()
      const there = new Set(sessions.filter((it) => it.email === email).map(({ id }) => id))
      if (ending !== undefined && !there.has(ending.id)) settleEnd(ending, 'unanswered')
      ending = undefined
      const back = ended.filter(({ id }) => there.has(id))
      assert.deepEqual(back, [], `ended sessions of ${email} have come back`)
      const last = ended.at(-1)
      if (last !== undefined) assert.equal(await sessionIn(last.jar), undefined, 'it is over')
      for (const { jar, id } of live)
        assert.equal(await sessionIn(jar), id, `${email} is signed in`)
      const known = new Set(live.map(({ id }) => id))
      const unknown = [...there].filter((id) => !known.has(id))
      assert.ok(unknown.length <= (signingIn === undefined ? 0 : 1), 'a session of nobody')
      for (const id of unknown) {
        records.expectUnanswered(`session ${id}`, 'signed in', id)
        const jar = signingIn ?? createCookieJar()
        // The answer with its cookie may not have come: nobody can have it any more.
        if ((await sessionIn(jar)) === id) live.push({ jar, id })
        else await control.revokeSession(id)
      }
      signingIn = undefined
    },
  }
}
