import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { describe, test } from 'node:test'
import { codeChallengeOf, formatLoginPath } from '../../tunnel/sign-in.ts'
import { startDeviceRig } from '../../gateway/device.fixture.ts'
import { testCa } from '../../gateway/gateway.fixture.ts'

describe('a gateway that somebody floods with sign-ins', () => {
  test('answers 429, tells the client that waits, and writes nothing', async (t) => {
    const rig = await startDeviceRig(t)
    const session = connect(rig.origin, { ca: testCa })
    t.after(() => session.close())
    const ask = async (path: string): Promise<Record<string, unknown>> => {
      const stream = session.request({ ':path': path, accept: 'application/json' })
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      stream.resume()
      return headers
    }
    const redirectUri = 'http://127.0.0.1:1/x'
    const codeChallenge = codeChallengeOf('v'.repeat(43))
    const login = await rig.send('GET', formatLoginPath({ redirectUri, codeChallenge }))
    for (let batch = 0; batch < 75; batch += 1) {
      const path = '/.pomerium/sign_in'
      const answers = await Promise.all(Array.from({ length: 16 }, () => ask(path)))
      for (const headers of answers) assert.equal(headers[':status'], 302)
    }
    const refused = await ask('/.pomerium/sign_in')
    assert.deepEqual([refused[':status'], refused['retry-after']], [429, '60'])
    const { pathname, search } = new URL(login.body)
    const { location } = await ask(pathname + search)
    assert.match(String(location), /^http:\/\/127\.0\.0\.1:1\/x\?error=too_many_sign_ins&/)
    const lines = rig.lines.filter(({ service }) => service !== 'access')
    assert.deepEqual(lines.map(({ message, limit }) => [message, limit]).slice(-1), [
      ['limit reached', 'too-many-sign-ins'],
    ])
    assert.equal(lines.filter(({ message }) => message === 'limit reached').length, 1)
    rig.clock.advance(60_000)
    assert.equal((await ask('/.pomerium/sign_in'))[':status'], 302)
  })

  test('answers made-up callbacks with 429 after sixty', async (t) => {
    const rig = await startDeviceRig(t)
    const path = '/oauth2/callback?code=x&state=x'
    for (let count = 0; count < 60; count += 1)
      assert.equal((await rig.send('GET', path)).status, 403)
    const refused = await rig.send('GET', path)
    assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '60'])
    assert.match(refused.body, /Too many requests/)
  })
})
