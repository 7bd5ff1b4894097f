import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLogger, type LogFields } from '../../log.ts'
import { openBegunSignIns } from './begun-sign-in.ts'
import { person } from './person.ts'
import { takeSignInLock } from './sign-in-lock.ts'
import { openTokenCache } from './token-cache.ts'

const url = 'https://gateway.example.com/.pomerium/sign_in?x=1'

test('who waits for 15 seconds is told for whom, and where; the token then comes to all', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-person-'))
  t.after(() => rm(directory, { recursive: true }))
  const scope = { origin: 'https://gateway.example.com', isVerified: true }
  const cache = openTokenCache(directory, scope, silentLogger)
  const begun = openBegunSignIns(cache.signInPath)
  const owner = await takeSignInLock(cache.lockPath, 'postern tcp db.example.com:5432')
  await begun.keep({ url, begunAtMs: Date.now() })
  const said: [string, LogFields | undefined][] = []
  let waitedMs = 0
  const credentials = person({
    cache,
    signIn: () => assert.fail('there is a sign-in under way'),
    command: 'postern',
    log: { ...silentLogger, warn: (message, fields) => said.push([message, fields]) },
    signal: new AbortController().signal,
    async wait(delayMs) {
      waitedMs += delayMs
      if (waitedMs !== 16_000) return
      assert.equal(said.length, 2)
      await cache.write('aa.bb.cc')
      await owner?.[Symbol.asyncDispose]()
    },
  })
  const { token } = await credentials.renew(new Set(), new AbortController().signal)
  assert.equal(token, 'aa.bb.cc')
  assert.equal(waitedMs, 16_000)
  const [, [message, fields] = ['', undefined]] = said
  assert.equal(
    message,
    `waiting for the sign-in of process ${process.pid}, "postern tcp db.example.com:5432": ${url}`,
  )
  assert.deepEqual([fields?.['pid'], fields?.['auth-url']], [process.pid, url])
})
