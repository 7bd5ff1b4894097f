import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { describe, test } from 'node:test'
import { alice, startDeviceRig, type DeviceRig } from '../../gateway/device.fixture.ts'
import { testCa } from '../../gateway/gateway.fixture.ts'

const page = '/.pomerium/'

/** The status of the account page for these cookie fields: 200 for somebody, 302 for nobody. */
type Ask = (rig: DeviceRig, cookies: readonly string[]) => Promise<number>

const http1: Ask = async (rig, cookie) => {
  const headers = { cookie } as unknown as Record<string, string>
  return (await rig.send('GET', page, { headers })).status
}

const http2: Ask = async ({ origin }, cookie) => {
  const session = connect(origin, { ca: testCa })
  const stream = session.request({ ':path': page, cookie: cookie as string[] })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.close()
  session.close()
  return Number(headers[':status'])
}

describe('the cookie of a browser', () => {
  for (const [name, ask] of Object.entries({ http1, http2 })) {
    test(`counts once, and not at all when it comes twice (${name})`, async (t) => {
      const rig = await startDeviceRig(t)
      const { jar } = await rig.browserOf(alice)
      const own = jar.header(new URL(rig.origin)) ?? ''
      const [pair = ''] = own.split('; ').filter((it) => it.startsWith('__Host-postern='))
      const value = pair.slice('__Host-postern='.length)
      assert.notEqual(value, '')
      for (const cookies of [[pair], ['a=1', pair], [`a=1; ${pair}; b=2`]])
        assert.equal(await ask(rig, cookies), 200, String(cookies))
      for (const cookies of [
        [`${pair}; ${pair}`],
        [pair, pair],
        ['__Host-postern=x', pair],
        [pair, 'a=1', '__Host-postern='],
        // As it was sent before, and as a sibling host could set it.
        [`_pomerium=${value}`],
        [`postern=${value}`],
        [`\u00a0${pair}`],
      ])
        assert.equal(await ask(rig, cookies), 302, String(cookies))
    })
  }

  test('bears the name of the configuration behind its prefix, those of a sign-in too', async (t) => {
    const rig = await startDeviceRig(t, 'cookie_name: _pomerium\n')
    const begun = await rig.send('GET', '/.pomerium/sign_in')
    for (const cookie of begun.headers['set-cookie'] ?? ['none'])
      assert.match(cookie, /^__Host-_pomerium_\S+; Path=\/; Max-Age=600; Secure; HttpOnly;/)
    const { jar } = await rig.browserOf(alice)
    assert.match(jar.header(new URL(rig.origin)) ?? '', /(?:^|; )__Host-_pomerium=/)
  })
})
