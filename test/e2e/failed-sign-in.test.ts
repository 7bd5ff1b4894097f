import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { startEcho, target } from './echo-rig.ts'
import { peerTest } from './peers.ts'

const failed = 'the identity provider failed'

describe('a sign-in that cannot work', () => {
  peerTest(
    'a wrong client secret: the client ends, and the log names the setting',
    [],
    async (scope) => {
      const { rig, person } = await startEcho(scope, { idp_client_secret: 'not-this-one' })
      const { ending, errors } = await person.pipe(target, 'hello')
      assert.equal(ending, 3)
      assert.match(
        errors,
        /postern: error: the sign-in failed: the sign-in service refused: "invalid_client".*, request id [\w-]+\n/,
      )
      const line = await rig.lines.first(({ message }) => message === failed)
      assert.deepEqual([line['level'], line['reason']], ['error', 'provider-refused'])
      assert.match(String(line['error']), /"invalid_client"/)
      assert.match(String(line['hint']), /"idp_client_secret"/)
      assert.ok(errors.includes(String(line['request-id'])))
      const audit = await rig.lines.first(({ message }) => message === 'sign-in failed')
      assert.equal(audit['request-id'], line['request-id'])
      assert.equal(audit['ip'], '127.0.0.1')
      assert.ok(!rig.lines.text().includes('not-this-one'))
    },
  )

  peerTest(
    'a provider that is away: the client ends, and the log says where',
    [],
    async (scope) => {
      const { rig, person } = await startEcho(scope)
      await rig.idp.close(0)
      const { ending, errors } = await person.pipe(target, 'hello')
      assert.equal(ending, 3)
      assert.match(errors, /the sign-in failed: the sign-in service cannot be reached: /)
      const line = await rig.lines.first(({ message }) => message === failed)
      assert.equal(line['reason'], 'provider-unavailable')
      assert.match(String(line['error']), new RegExp(`127.0.0.1:${rig.idp.issuer.port}`))
    },
  )

  peerTest('another issuer than the one configured: told both ways', [], async (scope) => {
    const { rig, person } = await startEcho(scope)
    await rig.stop()
    const issuer = rig.idp.issuer.href.replace('127.0.0.1', 'localhost')
    await rig.configure((file) => ({ ...file, idp_provider_url: issuer }))
    await rig.start()
    const { ending, errors } = await person.pipe(target, 'hello')
    assert.equal(ending, 3)
    assert.match(errors, /the sign-in failed: the sign-in service gave an answer that cannot be/)
    const line = await rig.lines.first(({ message }) => message === failed)
    assert.equal(line['reason'], 'provider-invalid')
    assert.match(String(line['hint']), /"idp_provider_url"/)
  })
})
