import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BegunSignIn } from './begun-sign-in.ts'
import { signInByBrowser } from './browser-sign-in.ts'

test('a browser that fails is kept in mind, and no longer when its sign-in is over', async () => {
  const kept: (boolean | undefined)[] = []
  let place = ''
  let fail = (): void => {}
  const { token } = await signInByBrowser({
    api: {
      fetchSignInUrl({ redirectUri }) {
        place = redirectUri
        return Promise.resolve('https://gw.example/')
      },
      exchangeCode: () => Promise.reject(new Error('no code came')),
    },
    begun: {
      read: () => Promise.resolve(undefined),
      keep: ({ browser }: BegunSignIn) => Promise.resolve(void kept.push(browser?.isUnopened)),
      forget: () => Promise.resolve(),
    },
    present(_url, _tab, onFailed) {
      fail = onFailed
      onFailed()
      void fetch(`${place}?pomerium_jwt=aa.alice.bb`)
    },
    signal: new AbortController().signal,
    timeoutMs: 60_000,
  })
  assert.deepEqual([token, kept], ['aa.alice.bb', [undefined, true]])
  fail()
  assert.deepEqual(kept, [undefined, true])
})
